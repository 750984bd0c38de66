/// Why a model can't be compiled; one message for a person, naming file, node or key.
public struct CompilerError: Error, Equatable, CustomStringConvertible {
  public enum Code: Sendable, Equatable {
    /// A file can't be read or written.
    case file
    /// The model or recipe breaks its format's rules.
    case invalid
    /// The model needs something that this version doesn't do; every such thing is named.
    case unsupported
  }

  public let code: Code
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { message }
}
