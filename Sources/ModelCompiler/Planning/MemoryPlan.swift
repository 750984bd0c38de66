import ModelFormat
import ModelGraph

/// Where each buffer lies in the arena: buffers whose lives don't overlap share bytes. Greedy by size, each at the lowest
/// free offset (Y. Pisarchyk and J. Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020).
struct MemoryPlan {
  /// By buffer; -1 for buffers that nothing uses.
  private(set) var offsets: [Int]
  private(set) var arenaByteCount = 0

  struct Life {
    var first = Int.max
    var last = -1
    var byteCount = 0
    var isUsed: Bool { first <= last }
  }

  init(_ lives: [Life]) {
    offsets = [Int](repeating: -1, count: lives.count)
    let order = lives.indices.filter { lives[$0].isUsed }.sorted { (lives[$0].byteCount, $1) > (lives[$1].byteCount, $0) }
    // By their offsets.
    var placed: [(range: Range<Int>, life: Life)] = []
    for buffer in order {
      let life = lives[buffer]
      var offset = 0
      for neighbour in placed where neighbour.life.first <= life.last && life.first <= neighbour.life.last {
        if offset + life.byteCount <= neighbour.range.lowerBound { break }
        offset = max(offset, Self.aligned(neighbour.range.upperBound))
      }
      offsets[buffer] = offset
      placed.insert((offset..<offset + life.byteCount, life), at: Self.place(of: offset, in: placed))
      arenaByteCount = max(arenaByteCount, Self.aligned(offset + life.byteCount))
    }
  }

  /// Behind all that begin at an offset or before it.
  private static func place(of offset: Int, in placed: [(range: Range<Int>, life: Life)]) -> Int {
    var (low, high) = (0, placed.count)
    while low < high {
      let middle = (low + high) / 2
      if placed[middle].range.lowerBound <= offset { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Where buffers begin: at multiples of a cache line.
  static let alignment = 64

  private static func aligned(_ offset: Int) -> Int { (offset + alignment - 1) & ~(alignment - 1) }
}

extension MemoryPlan {
  /// Lives from the instructions' order. What the session's caller writes or reads lives throughout. Buffers that lie in others have no lives of their own.
  static func lives(of instructions: [Instruction], tensors: [LoweredTensor], placement: PartPlacement, ports: [TensorIndex]) -> [Life] {
    var lives = [Life](repeating: Life(), count: placement.places.count)
    func touch(_ tensor: TensorIndex, _ positions: ClosedRange<Int>) {
      guard case .buffer(let buffer) = tensors[Int(tensor)].home else { return }
      let place = placement.places[buffer]
      lives[place.buffer].first = min(lives[place.buffer].first, positions.lowerBound)
      lives[place.buffer].last = max(lives[place.buffer].last, positions.upperBound)
      lives[place.buffer].byteCount = max(lives[place.buffer].byteCount, place.offset + tensors[Int(tensor)].byteCount)
    }
    for (position, instruction) in instructions.enumerated() {
      for tensor in instruction.reads + [instruction.written] { touch(tensor, position...position) }
    }
    for port in ports { touch(port, 0...max(0, instructions.count - 1)) }
    return lives
  }
}
