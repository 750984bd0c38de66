/// How much of a repository's metadata is taken before it is known to be good. Bytes, and counts.
public struct MetadataLimits: Sendable {
  public var rootByteCount = 512 * 1024
  public var timestampByteCount = 16 * 1024
  /// Where the timestamp states no length.
  public var snapshotByteCount = 2 * 1024 * 1024
  /// Where the snapshot states no length.
  public var targetsByteCount = 4 * 1024 * 1024
  /// Roots taken in one go (Y in §5.3.3).
  public var rootCount = 256
  /// Roles visited in the search for one target (§5.6.7.1).
  public var roleCount = 32

  public init() {}
}
