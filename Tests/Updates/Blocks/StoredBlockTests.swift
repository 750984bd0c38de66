import Testing

@testable import Updates

@Suite struct StoredBlockTests {
  @Test(arguments: [1, 2, 100, 4096, StoredBlock.largestRawByteCount])
  func `a block comes back as it was, and what doesn't compress takes one byte more`(count: Int) throws {
    let random = RandomPackage.bytes(count, seed: 1)
    let stored = StoredBlock.encode(random)
    #expect(stored == [0] + random)
    #expect(stored.count <= StoredBlock.largestByteCount)
    #expect(try StoredBlock.decode(stored, rawByteCount: count) == random)
    let even = [UInt8](repeating: 3, count: count)
    let short = StoredBlock.encode(even)
    #expect(short.count <= min(count + 1, 40))
    #expect(try StoredBlock.decode(short, rawByteCount: count) == even)
  }

  @Test func `a frame never gives more than the index says, whatever it says itself`() {
    let bomb = StoredBlock.encode([UInt8](repeating: 0, count: 60_000))
    #expect(bomb.count < 100 && bomb[0] == 1)
    for count in [1, 100, 59_999] { #expect(throws: UpdatesError.self) { try StoredBlock.decode(bomb, rawByteCount: count) } }
    let error = #expect(throws: UpdatesError.self) { try StoredBlock.decode(bomb, rawByteCount: 60_001) }
    #expect(error?.code == .malformedBlock)
    #expect(error?.message == "has 60000 bytes instead of 60001")
  }

  @Test func `what isn't exactly one block is refused`() {
    let good = StoredBlock.encode([UInt8](repeating: 9, count: 5000))
    let wrong: [([UInt8], Int)] = [
      ([], 1), ([0], 1), ([0, 1, 2], 1), ([0, 1], 0), ([0, 1], -1), ([0, 1], 65_535), ([2, 1], 1), ([1], 1), ([1, 0x28, 0xB5, 0x2F, 0xFD], 1),
      (good + [0], 5000), (good + good.dropFirst(), 10_000), (Array(good.dropLast()), 5000), ([0] + [UInt8](repeating: 0, count: 65_535), 65_534),
      // A skippable frame of four bytes, and a frame of version 0.7.
      ([1, 0x50, 0x2A, 0x4D, 0x18, 4, 0, 0, 0, 1, 2, 3, 4], 4), ([1, 0x27, 0xB5, 0x2F, 0xFD, 0, 0, 0], 1),
    ]
    for (stored, count) in wrong {
      let error = #expect(throws: UpdatesError.self) { try StoredBlock.decode(stored, rawByteCount: count) }
      #expect(error?.code == .malformedBlock)
    }
  }
}
