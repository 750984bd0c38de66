/// Why bytes or a file are no ONNX model that can be read.
public struct ONNXError: Error, Equatable {
  public enum Code: Sendable, Equatable {
    /// The file or one of its external data files can't be opened or read.
    case unreadable
    /// The bytes end inside a field.
    case truncated
    /// The bytes break the rules of protobuf or of ONNX.
    case malformed
    /// Valid ONNX that this reader doesn't take (a 4-bit tensor, a sparse initialiser, …).
    case unsupported
    /// Reading would need more memory than the caller allowed, or nest deeper than is sane.
    case tooLarge
  }

  public let code: Code
  /// For a person: the file, the place inside it, what was wrong there.
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// The same error, told as having happened inside `place`.
  func inside(_ place: String) -> ONNXError {
    ONNXError(code, "\(place): \(message)")
  }
}
