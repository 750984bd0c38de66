/// Why an update can't be packed, trusted, fetched or installed. The code names the attack or fault, and is what the fleet is told.
public struct UpdatesError: Error {
  public enum Code: String, Sendable, Equatable {
    // Metadata.

    /// Bytes that aren't the metadata or the file that they should be.
    case malformed
    /// Fewer signatures of the role's keys than its threshold.
    case unsigned
    /// A version older than one that was trusted before, or a root that isn't the next one.
    case rollback
    /// The metadata's time is over: an old state may be held out as the current one (freeze).
    case expired
    /// Bytes that aren't those which verified metadata speak of: another version, another hash, another role (mix-and-match).
    case mismatch
    /// More bytes than are allowed (endless data).
    case tooLong = "too long"
    /// What is needed isn't there, any more or yet.
    case unavailable
    /// No trusted role names the target.
    case noSuchTarget = "no such target"

    // Packages.

    /// Bytes that are to be released are no package.
    case notAPackage = "not a package"
    /// A package whose list of blocks would exceed `BlockIndex.largestByteCount`.
    case packageTooLarge = "package too large"
    /// A list of blocks that breaks a rule of its format.
    case malformedIndex = "malformed index"
    /// A block's bytes aren't those that its name promises.
    case wrongBlock = "wrong block"
    /// A block's bytes are those that its name promises, and can't be decoded to what the index says.
    case malformedBlock = "malformed block"
    /// All blocks were right, and the package they make isn't the one that the index names.
    case wrongPackage = "wrong package"

    // The device.

    /// A package that this device can't run: it needs a newer agent, or more memory.
    case unfit

    /// A name that can't be a model's.
    case invalidName = "invalid name"
    /// The package is the one that is active.
    case alreadyInstalled = "already installed"
    /// The package failed on this device before.
    case failedBefore = "failed before"
    /// No package is on its way, or not all of it is there.
    case noCandidate = "no candidate"
    /// There is no previous package.
    case nothingToRollBackTo = "nothing to roll back to"
    /// The disk has too little room.
    case diskFull = "disk full"
    /// The disk can't be read from or written to.
    case storage
    /// The store's own notes are damaged.
    case damagedStore = "damaged store"
  }

  public let code: Code
  /// What was wrong and what to do, for a person, in one line; names the file or the block.
  public let message: String
  public let cause: (any Error)?

  public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
  }
}
