public import Cryptography

/// Which blocks make a package: the file that a release's signed metadata vouch for.
///
/// Little-endian:
///
/// | bytes | header |
/// |---|---|
/// | 0…7 | "SWLBLOCK" |
/// | 8…11 | format version, 1 |
/// | 12…15 | number of blocks |
/// | 16…23 | bytes in the package |
/// | 24…55 | SHA-256 of the package |
/// | 56…63 | zero |
///
/// Then 36 bytes a block, in the package's order: SHA-256 of the block as stored, its raw and its stored byte counts (2 each).
public struct BlockIndex: Sendable, Equatable {
  /// A piece of the package.
  public struct Block: Sendable, Hashable {
    /// Of the block as stored: its address.
    public let digest: SHA256Digest
    public let rawByteCount: Int
    public let storedByteCount: Int
    /// Where it begins in the package.
    public let offset: Int

    init(digest: SHA256Digest, rawByteCount: Int, storedByteCount: Int, offset: Int) {
      (self.digest, self.rawByteCount, self.storedByteCount, self.offset) = (digest, rawByteCount, storedByteCount, offset)
    }

    /// Where it lies in the package.
    public var range: Range<Int> { offset..<offset + rawByteCount }
  }

  /// One message holds it.
  public static let largestByteCount = 65_536
  public static let headerByteCount = 64
  public static let entryByteCount = 36
  /// 1,818.
  public static let largestBlockCount = (largestByteCount - headerByteCount) / entryByteCount
  static let magic: [UInt8] = Array("SWLBLOCK".utf8)
  static let version = 1

  public let packageByteCount: Int
  public let packageDigest: SHA256Digest
  /// The same block may stand in several places.
  public let blocks: [Block]

  /// - Parameter blocks: their digests and byte counts, within the limits above.
  init(packageDigest: SHA256Digest, blocks: [(digest: SHA256Digest, raw: Int, stored: Int)]) {
    var offset = 0
    self.packageDigest = packageDigest
    self.blocks = blocks.map { block in
      defer { offset += block.raw }
      return Block(digest: block.digest, rawByteCount: block.raw, storedByteCount: block.stored, offset: offset)
    }
    packageByteCount = offset
  }

  /// The file's bytes; `init(_:)` reads these and no others for the same index.
  public func encoded() -> [UInt8] {
    var bytes = Self.magic
    bytes.reserveCapacity(Self.headerByteCount + blocks.count * Self.entryByteCount)
    func append(_ value: Int, bytes count: Int) { for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * index))) } }
    append(Self.version, bytes: 4)
    append(blocks.count, bytes: 4)
    append(packageByteCount, bytes: 8)
    bytes += packageDigest.bytes
    append(0, bytes: 8)
    for block in blocks {
      bytes += block.digest.bytes
      append(block.rawByteCount, bytes: 2)
      append(block.storedByteCount, bytes: 2)
    }
    return bytes
  }

  /// The SHA-256 of the file.
  public var digest: SHA256Digest { SHA256.digest(of: encoded()) }
}
