/// Why a model's output can't become text.
public struct TranscriptionError: Error, Equatable {
  public enum Code: Sendable, Equatable {
    /// The output's dimensions don't fit its decoding.
    case unsuitableOutput
    /// The recipe contradicts itself.
    case invalidDecoding
  }

  public let code: Code
  /// What was wrong and what to do, for a person.
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}
