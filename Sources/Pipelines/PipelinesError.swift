/// Why a pipeline's machinery could not be set up.
public struct PipelinesError: Error, Equatable {
  public enum Code: Sendable, Equatable {
    /// The kernel gave no thread.
    case noThread
  }

  public let code: Code
  /// What was wrong, for a person.
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}
