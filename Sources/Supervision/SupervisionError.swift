/// Why the services ended.
public struct SupervisionError: Error, Equatable {
  public enum Code: Sendable, Equatable {
    /// A service failed more often than its limit allows.
    case restartLimit
    /// The system gave no thread.
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
