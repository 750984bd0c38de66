public import Cryptography
import ModelFormat

/// A package taken apart for its release.
public struct PackageBlocks: Sendable {
  public let index: BlockIndex
  /// The stored form of every block, each once, by its address.
  public let stored: [SHA256Digest: [UInt8]]

  /// Packages of up to this many bytes can be released whatever is in them: 1,800 blocks of at least 32 KiB each. Larger ones can where their
  /// bytes are cut seldom enough.
  public static let guaranteedByteCount = 1_800 * ContentDefinedChunker.coarse.minimum

  /// Takes a `.swiftlet` file apart, each section for itself: manifest and header change with every build, and shall leave the blocks of
  /// program and weights alone. Pieces are as fine as the index has room for. Seconds for some tens of MiB.
  ///
  /// - Throws: `notAPackage`, `packageTooLarge`.
  public init(of package: [UInt8]) throws(UpdatesError) {
    let parts = try Self.parts(of: package)
    let pieces = try Self.pieces(of: package, parts: parts)
    var stored: [SHA256Digest: [UInt8]] = [:]
    var blocks: [(digest: SHA256Digest, raw: Int, stored: Int)] = []
    for piece in pieces {
      let bytes = StoredBlock.encode(Array(package[piece]))
      let digest = SHA256.digest(of: bytes)
      blocks.append((digest, piece.count, bytes.count))
      stored[digest] = bytes
    }
    self.index = BlockIndex(packageDigest: SHA256.digest(of: package), blocks: blocks)
    self.stored = stored
  }

  /// Puts a package together again, in memory.
  ///
  /// - Parameter stored: gives a block's stored bytes by its address, or nil.
  /// - Throws: `wrongBlock`, `malformedBlock`, `wrongPackage`.
  public static func assemble(_ index: BlockIndex, from stored: (SHA256Digest) -> [UInt8]?) throws(UpdatesError) -> [UInt8] {
    var package: [UInt8] = []
    package.reserveCapacity(index.packageByteCount)
    for block in index.blocks {
      guard let bytes = stored(block.digest) else { throw UpdatesError(.wrongBlock, "block \(block.digest) is missing") }
      package += try block.checkedBytes(of: bytes)
    }
    let digest = SHA256.digest(of: package)
    guard digest == index.packageDigest else { throw index.wrongPackage(digest) }
    return package
  }

  /// The header with the first section, then the other sections, each with the padding after it.
  private static func parts(of package: [UInt8]) throws(UpdatesError) -> [Range<Int>] {
    var starts: [Int] = []
    do throws(ModelFormatError) {
      let reader = try unsafe package.span.withUnsafeBytes { bytes throws(ModelFormatError) in try unsafe PackageReader(bytes) }
      for section in PackageLayout.Section.allCases where reader.has(section) { starts.append(try reader.range(of: section).lowerBound) }
    } catch {
      throw UpdatesError(.notAPackage, error.message, cause: error)
    }
    let cuts = [0] + starts.sorted().dropFirst() + [package.count]
    return zip(cuts, cuts.dropFirst()).map { $0..<$1 }
  }

  static func pieces(of package: [UInt8], parts: [Range<Int>], limit: Int = BlockIndex.largestBlockCount) throws(UpdatesError) -> [Range<Int>] {
    var count = 0
    for chunker in [ContentDefinedChunker.fine, .coarse] {
      let pieces = parts.flatMap { chunker.pieces(of: package, in: $0) }
      if pieces.count <= limit { return pieces }
      count = pieces.count
    }
    throw UpdatesError(
      .packageTooLarge,
      "the package has \(package.count) bytes and would be \(count) blocks; a release has at most \(limit), "
        + "which \(guaranteedByteCount) bytes always fit: compile the model with 8-bit or 4-bit weights")
  }
}

extension BlockIndex.Block {
  /// The block's raw bytes from a message that is said to be it.
  ///
  /// - Throws: `wrongBlock` where the message is another one, `malformedBlock` where the release itself is wrong.
  public func checkedBytes(of stored: [UInt8]) throws(UpdatesError) -> [UInt8] {
    guard stored.count == storedByteCount else {
      throw UpdatesError(.wrongBlock, "block \(digest) came with \(stored.count) bytes instead of \(storedByteCount): publish the release's blocks again")
    }
    let actual = SHA256.digest(of: stored)
    guard actual == digest else {
      throw UpdatesError(.wrongBlock, "block \(digest) came with other bytes (SHA-256 \(actual)): publish the release's blocks again")
    }
    do throws(UpdatesError) {
      return try StoredBlock.decode(stored, rawByteCount: rawByteCount)
    } catch {
      throw UpdatesError(error.code, "block \(digest) \(error.message); make the release again", cause: error)
    }
  }
}

extension BlockIndex {
  func wrongPackage(_ digest: SHA256Digest) -> UpdatesError {
    UpdatesError(.wrongPackage, "the blocks of package \(packageDigest) make another one (SHA-256 \(digest)): fetch them again, or make the release again")
  }
}
