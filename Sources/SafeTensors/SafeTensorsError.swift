/// Why a safetensors file can't be read.
public struct SafeTensorsError: Error, Equatable {
  public enum Code: Sendable, Equatable {
    /// The system gives no bytes of it.
    case unreadable
    /// It breaks the format's rules.
    case malformed
    /// The format allows it; this version doesn't read it.
    case unsupported
    /// The file has no tensor of this name.
    case missing
  }
  public let code: Code
  /// Names the file and, where it is about one, the tensor.
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}
