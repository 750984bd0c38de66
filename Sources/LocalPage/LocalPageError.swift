/// Why there is no page.
public struct LocalPageError: Error, Sendable, Equatable {
  public enum Code: Sendable {
    /// What was written is no address to listen on.
    case invalidAddress
    /// libmicrohttpd isn't installed.
    case missingLibrary
    /// The system gives no such socket, or no thread.
    case unavailable
  }

  public let code: Code
  /// For a person, with what to do.
  public let message: String

  init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}
