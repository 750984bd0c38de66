/// Why a model's results can't be decoded or scored.
public struct ObjectDetectionError: Error, Equatable {
  public enum Code: Sendable, Equatable {
    /// The recipe names an output that the model doesn't have.
    case missingOutput
    /// An output's type or dimensions don't fit its decoding.
    case unsuitableOutput
    /// The recipe contradicts itself.
    case invalidDecoding
    /// The backend has no way to execute the model.
    case unsupported
    /// The system, or the backend's device, has no room for the model.
    case noResources
    /// There is no such device here.
    case deviceAbsent
    /// The backend's device can't be used, or failed.
    case deviceFailed
    /// It failed in a way that stays with this process.
    case deviceLost
    /// A data set can't be read.
    case unreadableDataset
    /// A label file breaks its format.
    case malformedLabels
  }

  public let code: Code
  /// What was wrong and what to do, for a person.
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}
