/// Why bytes are no tensor that can be read.
public struct TensorError: Error, Equatable {
  public enum Code: Sendable, Equatable {
    /// The bytes break the format's rules.
    case malformed
    /// The format allows it; this version doesn't read it.
    case unsupported
  }

  public let code: Code
  /// For a person: what was wrong and, where there is one, a way out. The file is named by whoever read it.
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}
