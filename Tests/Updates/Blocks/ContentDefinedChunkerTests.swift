import Testing

@testable import Updates

@Suite struct ContentDefinedChunkerTests {
  private static let chunkers = [ContentDefinedChunker.fine, .coarse]

  private func contents(_ bytes: [UInt8], _ chunker: ContentDefinedChunker) -> [ArraySlice<UInt8>] {
    chunker.pieces(of: bytes, in: 0..<bytes.count).map { bytes[$0] }
  }

  @Test(arguments: chunkers) func `pieces follow each other, none too short or too long`(chunker: ContentDefinedChunker) {
    for bytes in [RandomPackage.bytes(700_000, seed: 1), [UInt8](repeating: 7, count: 300_000), RandomPackage.bytes(1, seed: 2), []] {
      let pieces = chunker.pieces(of: bytes, in: 0..<bytes.count)
      var end = 0
      for piece in pieces {
        #expect(piece.lowerBound == end)
        #expect(piece.count <= chunker.maximum && piece.count <= StoredBlock.largestRawByteCount)
        #expect(piece.count >= chunker.minimum || piece.upperBound == bytes.count)
        end = piece.upperBound
      }
      #expect(end == bytes.count)
    }
  }

  @Test func `most pieces of random bytes are about as long as they are meant to be`() {
    for (chunker, average) in [(ContentDefinedChunker.fine, 7000...10_500), (.coarse, 44_000...51_000)] {
      let bytes = RandomPackage.bytes(4 << 20, seed: 3)
      #expect(average.contains(bytes.count / chunker.pieces(of: bytes, in: 0..<bytes.count).count))
    }
  }

  @Test(arguments: chunkers) func `a change is felt nearby alone`(chunker: ContentDefinedChunker) {
    let bytes = RandomPackage.bytes(2 << 20, seed: 4)
    let before = Set(contents(bytes, chunker))
    var changed = bytes
    changed[1 << 20] ^= 1
    #expect(Set(contents(changed, chunker)).subtracting(before).count <= 4)
    let longer = bytes[..<(1 << 20)] + RandomPackage.bytes(64, seed: 5) + bytes[(1 << 20)...]
    #expect(Set(contents(Array(longer), chunker)).subtracting(before).count <= 4)
  }

  @Test func `where it cuts doesn't change from one version to the next`() {
    let bytes = RandomPackage.bytes(60_000, seed: 6)
    #expect(ContentDefinedChunker.fine.pieces(of: bytes, in: 0..<bytes.count).map(\.upperBound) == [9478, 19541, 31941, 49203, 59792, 60000])
  }
}
