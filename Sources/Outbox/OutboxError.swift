/// Why a message can't be kept, or the outbox can't be opened.
public struct OutboxError: Error, Equatable {
  public enum Code: Sendable, Equatable {
    /// A path or limit that can't be used.
    case invalidSettings
    /// The disk, or this user's share of it, is full.
    case diskFull
    /// The file or its disk can't be written to.
    case readOnly
    /// The file can't be opened, read or written for another reason.
    case unavailable
    /// Another process has the outbox open.
    case inUse
    /// What is in the file is no outbox, or a damaged one.
    case damaged
    /// A message larger than the whole outbox may be.
    case messageTooLarge
    /// More wait to be written than the queue holds.
    case queueFull
    /// The outbox was closed first.
    case closed
  }

  public let code: Code
  /// What was wrong and what to do, for a person, in one line.
  public let message: String
  /// Of a sound file that a later version of this program wrote.
  var laterFormat: Int64?

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}
