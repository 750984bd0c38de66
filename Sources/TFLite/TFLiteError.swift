/// Why bytes or a file are no TFLite model that can be read.
public struct TFLiteError: Error, Equatable {
  public enum Code: Sendable, Equatable {
    /// The file can't be opened or read.
    case unreadable
    /// The bytes end inside something that an offset or a length promises.
    case truncated
    /// The bytes break the rules of flatbuffers or of TFLite.
    case malformed
    /// Valid TFLite that this reader doesn't take (a string tensor, a sparse one, …).
    case unsupported
    /// Reading would need more memory than the file's size justifies.
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
  func inside(_ place: String) -> TFLiteError { TFLiteError(code, "\(place): \(message)") }
}
