/// Why sound can't become a model's input.
public struct HearingError: Error, Equatable {
  public enum Code: Sendable, Equatable {
    /// The manifest's description of the input contradicts itself, or asks for what this version doesn't have.
    case invalidInput
  }

  public let code: Code
  /// What was wrong and what to do, for a person.
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}
