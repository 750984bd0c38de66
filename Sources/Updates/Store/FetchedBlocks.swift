import Cryptography

/// Which blocks of a candidate are in its file.
///
/// Its own file has up to 300 bytes, fewer than a sector, and is rewritten in place: "SWLFETCH", SHA-256 of the index, a bit a block (the
/// first is bit 0 of the first byte), SHA-256 of all that. What it claims is trusted: it is written once the blocks are durable. Should a disk
/// leave half of it after all, the download begins anew.
struct FetchedBlocks: Equatable {
  private static let magic: [UInt8] = Array("SWLFETCH".utf8)
  static let largestByteCount = 8 + 32 + (BlockIndex.largestBlockCount + 7) / 8 + 32

  private let index: SHA256Digest
  private(set) var isFetched: [Bool]

  init(of index: BlockIndex) {
    self.index = index.digest
    isFetched = [Bool](repeating: false, count: index.blocks.count)
  }

  /// Nil where the bytes are damaged, or belong to another index.
  init?(_ bytes: [UInt8], of index: BlockIndex) {
    self.init(of: index)
    let bitsStart = Self.magic.count + SHA256Digest.byteCount
    let bitsEnd = bitsStart + (isFetched.count + 7) / 8
    guard bytes.count == bitsEnd + SHA256Digest.byteCount, bytes.starts(with: Self.magic + self.index.bytes) else { return nil }
    guard Array(bytes[bitsEnd...]) == SHA256.digest(of: Array(bytes[..<bitsEnd])).bytes else { return nil }
    for block in isFetched.indices { isFetched[block] = bytes[bitsStart + block / 8] >> (block % 8) & 1 == 1 }
  }

  var isAll: Bool { isFetched.allSatisfy { $0 } }

  mutating func add(_ block: Int) { isFetched[block] = true }
  mutating func remove(_ block: Int) { isFetched[block] = false }

  func encoded() -> [UInt8] {
    var bits = [UInt8](repeating: 0, count: (isFetched.count + 7) / 8)
    for block in isFetched.indices where isFetched[block] { bits[block / 8] |= 1 << (block % 8) }
    let bytes = Self.magic + index.bytes + bits
    return bytes + SHA256.digest(of: bytes).bytes
  }
}
