import Cryptography
import SimulatedDisk
import Testing

@testable import Updates

/// The store's own small files.
@Suite struct StoreNotesTests {
  private static func package(_ number: UInt8) -> Slots.Package {
    Slots.Package(digest: SHA256.digest(of: [number]), index: SHA256.digest(of: [number, 1]), byteCount: Int(number) + 1)
  }

  @Test func `slots are read as they were written`() throws {
    var slots = Slots()
    #expect(try Slots(slots.encoded()) == slots)
    (slots.active, slots.previous, slots.candidate, slots.isComplete) = (Self.package(1), Self.package(2), Self.package(3), true)
    slots.remember(failed: SHA256.digest(of: [4]))
    slots.remember(failed: SHA256.digest(of: [5]))
    #expect(try Slots(slots.encoded()) == slots)
    for byte in slots.encoded().indices {
      var changed = slots.encoded()
      changed[byte] ^= 0x10
      if let read = try? Slots(changed) { #expect(read != slots, "byte \(byte)") }
    }
  }

  @Test func `notes on a download are read as they were written, and no damaged ones are`() throws {
    let blocks = (0..<21).map { (SHA256.digest(of: [$0]), 100, 101) }
    let index = BlockIndex(packageDigest: SHA256.digest(of: []), blocks: blocks)
    var fetched = FetchedBlocks(of: index)
    for block in [0, 7, 8, 20] { fetched.add(block) }
    let bytes = fetched.encoded()
    #expect(FetchedBlocks(bytes, of: index) == fetched)
    #expect(FetchedBlocks(bytes, of: BlockIndex(packageDigest: index.packageDigest, blocks: Array(blocks.dropLast()))) == nil)
    for byte in bytes.indices {
      var changed = bytes
      changed[byte] ^= 1
      #expect(FetchedBlocks(changed, of: index) == nil, "byte \(byte)")
      #expect(FetchedBlocks(Array(bytes[..<byte]), of: index) == nil)
    }
  }

  /// They are rewritten in place, which is safe within a sector alone.
  @Test func `the largest notes on a download fit into a sector`() {
    let blocks = [(digest: SHA256Digest, raw: Int, stored: Int)](repeating: (SHA256.digest(of: []), 1, 2), count: BlockIndex.largestBlockCount)
    let count = FetchedBlocks(of: BlockIndex(packageDigest: SHA256.digest(of: []), blocks: blocks)).encoded().count
    #expect(count == FetchedBlocks.largestByteCount && count <= Disk.sector)
  }

  @Test func `the simulated disk keeps the old or the new file under a renamed file's name`() {
    var disk = Disk(["a": FileImage([1])])
    disk.open("b")
    disk.write([2], to: "b", at: 0)
    disk.sync("b")
    disk.rename("b", to: "a")
    #expect(disk["a"]?.bytes == [2] && disk.fileNames == ["a"])
    #expect(disk.contents(after: .keepsSynced).mapValues(\.bytes) == ["a": [1]])
    let torn = Set((0..<200).map { disk.contents(after: .tears(seed: $0)).mapValues(\.bytes) })
    #expect(torn == [["a": [1]], ["a": [2]], ["a": [1], "b": [2]], ["a": [2], "b": [2]]])
    disk.syncFolder()
    #expect(disk.contents(after: .keepsSynced).mapValues(\.bytes) == ["a": [2]])
  }
}
