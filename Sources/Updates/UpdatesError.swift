/// Why an update can't be packed, fetched or installed.
public struct UpdatesError: Error {
  public enum Code: Sendable, Equatable {
    /// Bytes that are to be released are no package.
    case notAPackage
    /// A package whose list of blocks would exceed `BlockIndex.largestByteCount`.
    case packageTooLarge
    /// A list of blocks that breaks a rule of its format.
    case malformedIndex
    /// A block's bytes aren't those that its name promises.
    case wrongBlock
    /// A block's bytes are those that its name promises, and can't be decoded to what the index says.
    case malformedBlock
    /// All blocks were right, and the package they make isn't the one that the index names.
    case wrongPackage
    /// A name that can't be a model's.
    case invalidName
    /// The package is the one that is active.
    case alreadyInstalled
    /// The package failed on this device before.
    case failedBefore
    /// No package is on its way, or not all of it is there.
    case noCandidate
    /// There is no previous package.
    case nothingToRollBackTo
    /// The disk has too little room.
    case diskFull
    /// The disk can't be read from or written to.
    case storage
    /// The store's own notes are damaged.
    case damagedStore
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
