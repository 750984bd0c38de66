/// Why a gate's client can't be made.
public struct GateClientError: Error, Equatable {
  public enum Code: Sendable, Equatable {
    /// A setting is wrong.
    case badSetting
    /// No thread or no descriptor.
    case noResources
  }

  public let code: Code
  /// What was wrong, for a person.
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}
