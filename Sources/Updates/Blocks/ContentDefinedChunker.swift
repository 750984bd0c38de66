import Pipelines

/// Cuts bytes into pieces where the bytes themselves say so: what is the same in two files is cut alike in both, wherever it stands, and a
/// change is felt in the piece it lies in and seldom in the one after it.
///
/// FastCDC (Xia et al., "FastCDC: a Fast and Efficient Content-Defined Chunking Approach for Data Deduplication", USENIX ATC 2016): a gear
/// hash, which the last 64 bytes alone decide; pieces are at least `minimum` long; the hash must have more zeros before `normal` than after
/// it ("normalised chunking"), so that most pieces are about that long. The code is our own.
struct ContentDefinedChunker: Sendable {
  /// Bytes.
  let minimum: Int
  let normal: Int
  let maximum: Int
  /// Bits of the hash that must be zero for a cut before `normal`, and after it.
  let bitsBefore: Int
  let bitsAfter: Int

  /// Small changes in small packages cost little: pieces of about 8 KiB, each with an index entry, a message and a topic of about 300 bytes.
  static let fine = ContentDefinedChunker(minimum: 2048, normal: 8192, maximum: StoredBlock.largestRawByteCount, bitsBefore: 15, bitsAfter: 11)
  /// For packages that would have too many of those: pieces of at least 32 KiB, about 48.
  static let coarse = ContentDefinedChunker(minimum: 32_768, normal: 45_056, maximum: StoredBlock.largestRawByteCount, bitsBefore: 16, bitsAfter: 12)

  /// One random number a byte, the same on every machine and in every version: with others nothing would be cut where it was before.
  private static let gear: [UInt64] = {
    var random = SeededRandom(seed: 0x5377_6966_746C_6574)
    return (0..<256).map { _ in random.next() }
  }()

  /// The pieces of `range`, in order and without gaps.
  func pieces(of bytes: [UInt8], in range: Range<Int>) -> [Range<Int>] {
    let span = bytes.span
    let gear = Self.gear
    var pieces: [Range<Int>] = []
    var start = range.lowerBound
    while start < range.upperBound {
      let end = cut(span, start..<min(range.upperBound, start + maximum), gear.span)
      pieces.append(start..<end)
      start = end
    }
    return pieces
  }

  /// Where the piece ends that begins with `range`.
  private func cut(_ bytes: Span<UInt8>, _ range: Range<Int>, _ gear: Span<UInt64>) -> Int {
    guard range.count > minimum else { return range.upperBound }
    let earliest = range.lowerBound + minimum
    let turn = min(range.lowerBound + normal, range.upperBound)
    // The 64 bytes before the earliest cut belong to its hash, too.
    var hash: UInt64 = 0
    for index in earliest - 64..<earliest { hash = hash << 1 &+ gear[Int(bytes[index])] }
    let (strict, lax) = (UInt64(64 - bitsBefore), UInt64(64 - bitsAfter))
    for index in earliest..<turn {
      hash = hash << 1 &+ gear[Int(bytes[index])]
      if hash >> strict == 0 { return index + 1 }
    }
    for index in turn..<range.upperBound {
      hash = hash << 1 &+ gear[Int(bytes[index])]
      if hash >> lax == 0 { return index + 1 }
    }
    return range.upperBound
  }
}
