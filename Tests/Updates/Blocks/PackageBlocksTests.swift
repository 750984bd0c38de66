import Cryptography
import Testing

@testable import Updates

@Suite struct PackageBlocksTests {
  private static let package = RandomPackage(seed: 1, weights: 400_000)

  @Test func `a package comes back from its blocks, in any order they came`() throws {
    let file = Self.package.file
    let blocks = try PackageBlocks(of: file)
    #expect(blocks.index.packageByteCount == file.count)
    #expect(blocks.index.packageDigest == SHA256.digest(of: file))
    for (digest, stored) in blocks.stored {
      #expect(SHA256.digest(of: stored) == digest)
      #expect(stored.count <= 65_536)
    }
    let index = try BlockIndex(blocks.index.encoded())
    #expect(try PackageBlocks.assemble(index) { blocks.stored[$0] } == file)
  }

  @Test func `other labels leave the blocks of program and weights alone`() throws {
    let before = try PackageBlocks(of: Self.package.file)
    var changed = Self.package
    changed.manifest = Array(#"{"name":"test","labels":["crack in the coating","dent","scratch"],"threshold":0.25}"#.utf8)
    let after = try PackageBlocks(of: changed.file)
    #expect(after.stored.keys.filter { before.stored[$0] == nil }.count == 1)
  }

  @Test func `another head leaves the blocks of the rest alone`() throws {
    let before = try PackageBlocks(of: Self.package.file)
    var changed = Self.package
    changed.weights.replaceSubrange(380_000..., with: RandomPackage.bytes(26_016, seed: 2))
    let after = try PackageBlocks(of: changed.file)
    let fetched = after.index.blocks.filter { before.stored[$0.digest] == nil }
    // The header's, what changed, and up to one more on its side.
    #expect(fetched.reduce(0) { $0 + $1.rawByteCount } <= 26_016 + 2 * 20_000)
  }

  @Test func `what stands twice is stored once`() throws {
    var package = Self.package
    package.weights = [UInt8](repeating: 0, count: 500_000)
    let blocks = try PackageBlocks(of: package.file)
    #expect(blocks.stored.count < blocks.index.blocks.count)
    #expect(try PackageBlocks.assemble(blocks.index) { blocks.stored[$0] } == package.file)
  }

  @Test func `what is no package is refused`() {
    for bytes in [[], [1, 2, 3], Array(Self.package.file.dropLast())] {
      let error = #expect(throws: UpdatesError.self) { try PackageBlocks(of: bytes) }
      #expect(error?.code == .notAPackage)
    }
  }

  @Test func `a package of many pieces is cut coarsely`() throws {
    let file = RandomPackage(seed: 2, weights: 20 << 20).file
    let index = try PackageBlocks(of: file).index
    #expect(index.blocks.count < 700)
    #expect(index.encoded().count < 65_536)
  }

  @Test func `a package of too many pieces is refused, with what would fit`() throws {
    let file = Self.package.file
    #expect(try PackageBlocks.pieces(of: file, parts: [0..<file.count], limit: 20).count < 20)
    let error = #expect(throws: UpdatesError.self) { try PackageBlocks.pieces(of: file, parts: [0..<file.count], limit: 5) }
    #expect(error?.code == .packageTooLarge)
    #expect(error?.message.hasPrefix("the package has \(file.count) bytes and would be ") == true)
    #expect(error?.message.contains("a release has at most 5, which 58982400 bytes always fit: ") == true)
  }

  @Test func `a wrong, a damaged and a missing block are told apart, by name`() throws {
    let blocks = try PackageBlocks(of: Self.package.file)
    let block = try #require(blocks.index.blocks.last)
    let good = try #require(blocks.stored[block.digest])
    var damaged = good
    damaged[10] ^= 1
    for (bytes, expected) in [(damaged, "came with other bytes"), (Array(good.dropLast()), "came with \(good.count - 1) bytes instead of")] {
      let error = #expect(throws: UpdatesError.self) { try block.checkedBytes(of: bytes) }
      #expect(error?.code == .wrongBlock)
      #expect(error?.message.hasPrefix("block \(block.digest) \(expected)") == true)
    }
    let missing = #expect(throws: UpdatesError.self) { try PackageBlocks.assemble(blocks.index) { $0 == block.digest ? nil : blocks.stored[$0] } }
    #expect(missing?.message == "block \(block.digest) is missing")
  }

  @Test func `blocks of another package are noticed at the end`() throws {
    let blocks = try PackageBlocks(of: Self.package.file)
    let lying = BlockIndex(packageDigest: SHA256.digest(of: []), blocks: blocks.index.blocks.map { ($0.digest, $0.rawByteCount, $0.storedByteCount) })
    let error = #expect(throws: UpdatesError.self) { try PackageBlocks.assemble(lying) { blocks.stored[$0] } }
    #expect(error?.code == .wrongPackage)
  }
}
