/// Why metadata or a package isn't trusted, or can't be had. The code names the attack or fault.
public struct UpdateError: Error, Equatable {
  public enum Code: String, Sendable, Equatable {
    /// Bytes that aren't the metadata or the file that they should be.
    case malformed
    /// Fewer signatures of the role's keys than its threshold.
    case unsigned
    /// A version older than one that was trusted before, or a root that isn't the next one.
    case rollback
    /// The metadata's time is over: an old state may be held out as the current one.
    case expired
    /// Bytes that aren't those which verified metadata speak of: another version, another hash, another role.
    case mismatch
    /// More bytes than are allowed.
    case tooLong = "too long"
    /// What is needed isn't there (any more, or yet).
    case unavailable
    /// No trusted role names the target.
    case noSuchTarget = "no such target"
    /// The device's own disk.
    case storage
  }

  public let code: Code
  /// What was wrong and what to do, for a person, in one line.
  public let message: String

  public init(_ code: Code, _ message: String) { (self.code, self.message) = (code, message) }
}
