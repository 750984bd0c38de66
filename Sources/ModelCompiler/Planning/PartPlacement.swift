import ModelFormat
import ModelGraph
import Tensors

/// Which buffers lie inside others: a part of a join whose elements lie together in the whole is made where the whole lies, and the copy into it goes
/// (what register allocators do with moves: G. J. Chaitin, "Register Allocation and Spilling via Graph Coloring", 1982).
///
/// A copy goes where no run can tell: it moves a whole buffer that the caller doesn't write and no instruction writes after it; nothing else writes those
/// bytes of the whole, and nothing reads them there before the copy; and no instruction comes to write a tensor that overlaps one which it reads.
/// The part stays readable as long as the whole is there, and the whole is there from the part's first byte on.
struct PartPlacement {
  /// Which copies may go.
  enum Choice: Sendable {
    /// All that can. A part that others read, too, lies at a cache line's boundary or stays where it is.
    case all
    /// Those at these positions, by what another size of the same model chose.
    case only([Int])
  }

  /// By buffer: the one whose range it lies in, mostly itself, and how many bytes behind its beginning.
  private(set) var places: [(buffer: Int, offset: Int)]
  /// Positions of the copies that go, ascending.
  private(set) var copies: [Int] = []

  /// An instruction's reading or writing of a tensor, in bytes from the beginning of the buffer that it lies in.
  private struct Use {
    var position: Int
    var isWrite: Bool
    /// What is touched, and the whole tensor.
    var bytes: Range<Int>
    var tensor: Range<Int>

    func moved(by distance: Int) -> Use {
      Use(
        position: position, isWrite: isWrite, bytes: bytes.lowerBound + distance..<bytes.upperBound + distance,
        tensor: tensor.lowerBound + distance..<tensor.upperBound + distance)
    }
  }

  private let tensors: [LoweredTensor]
  private var byteCounts: [Int]
  /// By buffer that lies in no other: the uses of all that lies in it, and who that is.
  private var uses: [[Use]]
  private var members: [[Int]]
  private var isGiven: [Bool]

  /// - Parameter inputs: tensors that the caller writes.
  init(_ instructions: [Instruction], tensors: [LoweredTensor], bufferCount: Int, inputs: [TensorIndex], choice: Choice) {
    self.tensors = tensors
    places = (0..<bufferCount).map { ($0, 0) }
    members = (0..<bufferCount).map { [$0] }
    byteCounts = [Int](repeating: 0, count: bufferCount)
    uses = [[Use]](repeating: [], count: bufferCount)
    isGiven = [Bool](repeating: false, count: bufferCount)
    for tensor in tensors {
      if case .buffer(let buffer) = tensor.home { byteCounts[buffer] = max(byteCounts[buffer], tensor.byteCount) }
    }
    for input in inputs {
      if let buffer = buffer(of: input) { isGiven[buffer] = true }
    }
    for (position, instruction) in instructions.enumerated() {
      for tensor in instruction.reads { note(tensor, of: instruction, at: position, isWrite: false) }
      note(instruction.written, of: instruction, at: position, isWrite: true)
    }
    switch choice {
    case .all:
      for position in instructions.indices { place(instructions[position], at: position, isFree: true) }
    case .only(let positions):
      for position in positions where instructions.indices.contains(position) { place(instructions[position], at: position, isFree: false) }
    }
  }

  /// The instructions that are left.
  func kept(_ instructions: [Instruction]) -> [Instruction] {
    let gone = Set(copies)
    return instructions.enumerated().filter { !gone.contains($0.offset) }.map(\.element)
  }

  // MARK: Placing

  private mutating func place(_ instruction: Instruction, at position: Int, isFree: Bool) {
    guard case .copy(let copy) = instruction, let part = buffer(of: copy.input), let target = buffer(of: copy.output),
      let start = Self.start(of: copy, count: tensors[Int(copy.input)].dimensions.elementCount)
    else { return }
    let size = tensors[Int(copy.input)].elementType.byteCount
    let whole = places[target].buffer
    let offset = places[target].offset + start * size
    guard places[part].buffer == part, part != whole, !isGiven[part], !isGiven[whole], byteCounts[part] == tensors[Int(copy.input)].byteCount,
      canLie(part, in: whole, at: offset, copiedAt: position)
    else { return }
    let isShared = uses[part].contains { !$0.isWrite && $0.position != position }
    guard !isFree || !isShared || offset % MemoryPlan.alignment == 0 else { return }
    for member in members[part] { places[member] = (whole, places[member].offset + offset) }
    members[whole] += members[part]
    // The copy's write stays: nothing else is to come there.
    uses[whole] += uses[part].filter { $0.isWrite || $0.position != position }.map { $0.moved(by: offset) }
    (members[part], uses[part]) = ([], [])
    copies.append(position)
  }

  /// The element at which a copy puts all elements of its input, in their order and side by side; nil where it does something else.
  private static func start(of copy: StridedCopy, count: Int) -> Int? {
    let extents = copy.extents.map { Int($0) }
    let dense = extents.rowMajorStrides.map { Int64($0) }
    guard extents.elementCount == count, copy.inputOffset == 0, copy.inputStrides == dense, copy.outputStrides == dense else { return nil }
    return Int(copy.outputOffset)
  }

  private func canLie(_ part: Int, in whole: Int, at offset: Int, copiedAt position: Int) -> Bool {
    let place = offset..<offset + byteCounts[part]
    guard uses[part].allSatisfy({ !$0.isWrite || $0.position < position }) else { return false }
    let readings = Set(uses[part].filter { !$0.isWrite && $0.position != position }.map(\.position))
    return uses[whole].allSatisfy { use in
      guard use.position != position else { return true }
      guard use.isWrite else { return !use.bytes.overlaps(place) || use.position > position }
      // Validation looks at whole tensors, of which a copy writes a piece.
      return !use.bytes.overlaps(place) && !(readings.contains(use.position) && use.tensor.overlaps(place))
    }
  }

  // MARK: Uses

  private func buffer(of tensor: TensorIndex) -> Int? {
    if case .buffer(let buffer) = tensors[Int(tensor)].home { buffer } else { nil }
  }

  private mutating func note(_ tensor: TensorIndex, of instruction: Instruction, at position: Int, isWrite: Bool) {
    guard let buffer = buffer(of: tensor) else { return }
    let all = 0..<tensors[Int(tensor)].byteCount
    var bytes = all
    if isWrite, case .copy(let copy) = instruction { bytes = Self.reach(of: copy, size: tensors[Int(tensor)].elementType.byteCount) }
    uses[buffer].append(Use(position: position, isWrite: isWrite, bytes: bytes, tensor: all))
  }

  /// From the first to the last byte that a copy writes.
  private static func reach(of copy: StridedCopy, size: Int) -> Range<Int> {
    var (lowest, highest) = (Int(copy.outputOffset), Int(copy.outputOffset))
    for (extent, stride) in zip(copy.extents, copy.outputStrides) {
      let reach = Int(extent - 1) * Int(stride)
      if reach < 0 { lowest += reach } else { highest += reach }
    }
    return lowest * size..<(highest + 1) * size
  }
}

/// What a program's placement has to tell programs of the same model at other sizes.
struct PlacedParts: Sendable {
  /// Positions of the copies that went, among the instructions that there would be with them.
  var copies: [Int] = []
  /// By tensor of the program: bytes from where the plan placed the buffer that it lies in.
  var offsets: [Int] = []
}
