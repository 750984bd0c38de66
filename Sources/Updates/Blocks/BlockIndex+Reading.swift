import Cryptography

extension BlockIndex {
  /// Reads a file that nobody vouches for: linear in its size, which is bounded; every rule of the format is checked.
  ///
  /// - Throws: `malformedIndex`.
  public init(_ bytes: [UInt8]) throws(UpdatesError) {
    let count = try Self.checkedBlockCount(bytes)
    var blocks: [(digest: SHA256Digest, raw: Int, stored: Int)] = []
    blocks.reserveCapacity(count)
    var known: [SHA256Digest: (raw: Int, stored: Int)] = [:]
    for index in 0..<count {
      let start = Self.headerByteCount + index * Self.entryByteCount
      let (digest, raw, stored) = (Self.digest(in: bytes, at: start), Self.number(in: bytes, at: start + 32, 2), Self.number(in: bytes, at: start + 34, 2))
      guard (1...StoredBlock.largestRawByteCount).contains(raw), (2...raw + 1).contains(stored) else {
        throw Self.malformed("block \(digest) has the impossible sizes \(raw), and stored \(stored), bytes")
      }
      if let other = known.updateValue((raw, stored), forKey: digest), other != (raw, stored) {
        throw Self.malformed("block \(digest) stands twice with different sizes")
      }
      blocks.append((digest, raw, stored))
    }
    self.init(packageDigest: Self.digest(in: bytes, at: 24), blocks: blocks)
    let stated = Self.number(in: bytes, at: 16, 8)
    guard stated == packageByteCount else {
      throw Self.malformed("the blocks have \(packageByteCount) bytes together, and the package is said to have \(UInt(bitPattern: stated))")
    }
  }

  private static func checkedBlockCount(_ bytes: [UInt8]) throws(UpdatesError) -> Int {
    guard bytes.starts(with: magic) else { throw malformed("it is none (an index begins with the letters SWLBLOCK)") }
    guard bytes.count >= headerByteCount, bytes.count <= largestByteCount else {
      throw malformed("it has \(bytes.count) bytes; an index has \(headerByteCount) to \(largestByteCount)")
    }
    let version = number(in: bytes, at: 8, 4)
    guard version == Self.version else { throw malformed("it has format version \(version), this build reads \(Self.version); update swiftletd") }
    let count = number(in: bytes, at: 12, 4)
    guard count >= 1, count <= largestBlockCount, bytes.count == headerByteCount + count * entryByteCount else {
      throw malformed("it has \(bytes.count) bytes, and \(count) blocks are said to be in it")
    }
    guard number(in: bytes, at: 56, 8) == 0 else { throw malformed("its reserved bytes aren't zero") }
    return count
  }

  private static func number(in bytes: [UInt8], at start: Int, _ count: Int) -> Int {
    var value: UInt = 0
    for index in (start..<start + count).reversed() { value = value << 8 | UInt(bytes[index]) }
    return Int(bitPattern: value)
  }

  private static func digest(in bytes: [UInt8], at start: Int) -> SHA256Digest {
    guard let digest = SHA256Digest(bytes[start..<start + SHA256Digest.byteCount]) else { preconditionFailure("32 bytes are a digest") }
    return digest
  }

  private static func malformed(_ what: String) -> UpdatesError {
    UpdatesError(.malformedIndex, "the package's list of blocks is malformed: \(what)")
  }
}
