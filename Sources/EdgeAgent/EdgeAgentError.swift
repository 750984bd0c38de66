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
    /// No agent runs there that could be asked.
    case notRunning
  }

  public let code: Code
  /// What was wrong and what to do, for a person, in one line.
  public let message: String
  /// The key of a pipeline's setting that has to be changed, where one is known.
  public let setting: String?

  public init(_ code: Code, _ message: String, setting: String? = nil) {
    self.code = code
    self.message = message
    self.setting = setting
  }
}
