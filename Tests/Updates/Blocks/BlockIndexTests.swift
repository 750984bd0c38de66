import Cryptography
import Testing

@testable import Updates

@Suite struct BlockIndexTests {
  private static func block(_ number: UInt8, raw: Int = 100, stored: Int = 101) -> (digest: SHA256Digest, raw: Int, stored: Int) {
    (SHA256.digest(of: [number]), raw, stored)
  }

  private static let index = BlockIndex(packageDigest: SHA256.digest(of: []), blocks: [block(1), block(2, raw: 65_534, stored: 9), block(1)])

  private func refusal(_ bytes: [UInt8]) -> String? {
    do throws(UpdatesError) {
      _ = try BlockIndex(bytes)
      return nil
    } catch {
      return error.code == .malformedIndex ? error.message : "\(error)"
    }
  }

  @Test func `an index is read as it was written`() throws {
    let read = try BlockIndex(Self.index.encoded())
    #expect(read == Self.index)
    #expect(read.packageByteCount == 65_734)
    #expect(read.blocks.map(\.offset) == [0, 100, 65_634])
    #expect(read.blocks[2].range == 65_634..<65_734)
  }

  @Test func `the largest index is one message`() throws {
    let blocks = (0..<BlockIndex.largestBlockCount).map { (SHA256.digest(of: [UInt8($0 & 255), UInt8($0 >> 8)]), 65_534, 65_535) }
    let index = BlockIndex(packageDigest: SHA256.digest(of: []), blocks: blocks)
    #expect(index.encoded().count <= 65_536)
    #expect(try BlockIndex(index.encoded()) == index)
    #expect(refusal(index.encoded() + [UInt8](repeating: 0, count: 36)) != nil)
  }

  /// The byte to change, its new value, and what the refusal names.
  @Test(arguments: [
    (0, 0, "begins with the letters SWLBLOCK"), (8, 2, "format version 2"), (12, 2, "2 blocks are said"), (15, 0xFF, "blocks are said"),
    (12, 0, "0 blocks are said"), (16, 0xC7, "65735"), (23, 0x80, "9223372036854841542"), (56, 1, "reserved"), (63, 1, "reserved"),
    (64 + 32, 0, "impossible sizes 0"), (64 + 34, 102, "stored 102"), (64 + 34, 1, "stored 1,"), (64 + 36 + 32, 0xFF, "impossible sizes 65535"),
    (64 + 72 + 34, 100, "stands twice with different sizes"),
  ])
  func `a broken rule is named`(place: Int, value: UInt8, expected: String) {
    var bytes = Self.index.encoded()
    bytes[place] = value
    #expect(refusal(bytes)?.contains(expected) == true, "\(refusal(bytes) ?? "accepted")")
  }

  @Test func `no cut-off index is accepted`() {
    let bytes = Self.index.encoded()
    for count in 0..<bytes.count { #expect(refusal(Array(bytes[..<count])) != nil, "\(count) bytes") }
    #expect(refusal(bytes + [0]) != nil)
  }

  @Test func `random changes are refused or give another index that is written the same`() {
    let bytes = Self.index.encoded()
    for seed in 0..<2000 {
      var changed = bytes
      for byte in RandomPackage.bytes(3, seed: UInt64(seed)) { changed[(Int(byte) * 7 + seed) % bytes.count] = byte }
      if let index = try? BlockIndex(changed) { #expect(index.encoded() == changed) }
    }
  }
}
