/// Why the agent can't start or go on.
public struct EdgeAgentError: Error, Equatable, Sendable {
  public enum Code: Sendable, Equatable {
    case configuration
    case file
    case model
    case camera
    case microphone
    case storage
    case broker
    case resources
  }

  public let code: Code
  /// What was wrong and what to do, for a person, in one line.
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}
