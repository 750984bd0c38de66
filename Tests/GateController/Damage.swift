import GateProtocol
import Pipelines

/// What lines do to frames.
enum Damage: CaseIterable {
  case flippedBits, burst, lostByte, addedByte, swappedBytes, cutOff, zeroedRun, spliced

  /// The frame's stuffed bytes, without the zeros around it, damaged: never a whole frame, not even between zeros that came in.
  static func damaged(_ content: [UInt8], other: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
    while true {
      let bytes = allCases[random.below(allCases.count)].applied(to: content, other: other, &random)
      let pieces = bytes.split(separator: 0)
      if !pieces.contains(content[...]) && !pieces.contains(other[...]) { return bytes }
    }
  }

  private func applied(to content: [UInt8], other: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
    var bytes = content
    let place = random.below(bytes.count)
    switch self {
    case .flippedBits:
      for _ in 0...random.below(8) { bytes[random.below(bytes.count)] ^= 1 << UInt8(random.below(8)) }
    case .burst:
      for position in place..<min(bytes.count, place + 1 + random.below(5)) { bytes[position] = UInt8(truncatingIfNeeded: random.next()) }
    case .lostByte: bytes.remove(at: place)
    case .addedByte: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: place)
    case .swappedBytes: bytes.swapAt(place, random.below(bytes.count))
    case .cutOff: bytes = random.below(2) == 0 ? Array(bytes.prefix(place)) : Array(bytes.suffix(place))
    case .zeroedRun:
      for position in place..<min(bytes.count, place + 1 + random.below(4)) { bytes[position] = 0 }
    case .spliced: bytes = bytes.prefix(place) + other.suffix(random.below(other.count))
    }
    return bytes
  }
}
