import ModelFormat
import ModelGraph
import Operators
import Tensors

/// Fewer instructions for 8-bit values, without a changed bit: what depends on one tensor's bytes alone becomes a table of all 256
/// of them, tables move into the convolution before them, and so does the sum behind it.
///
/// A quantised model writes a hard swish as five operators with a rounding after each. They are still a function of a byte.
struct ByteFunctions {
  private var lowering: Lowering
  private var instructions: [Instruction]
  private let outputs: [TensorIndex]

  /// - Parameters:
  ///   - lowering: given away, since tables join its weights, which nobody should have to copy.
  ///   - outputs: tensors that the program hands out.
  static func simplify(
    _ instructions: [Instruction], of lowering: consuming Lowering, outputs: [TensorIndex]
  ) -> (instructions: [Instruction], lowering: Lowering) {
    var functions = ByteFunctions(lowering: lowering, instructions: instructions, outputs: outputs)
    functions.makeTables()
    functions.instructions = ProgramEmission.needed(functions.instructions, functions.lowering, outputs: outputs)
    functions.mergeIntoConvolutions()
    return (functions.instructions, functions.lowering)
  }

  // MARK: Tables

  /// What a tensor's bytes are: those of `root` at the same places, mapped by `table`.
  private struct Origin {
    var root: TensorIndex
    /// nil: the bytes themselves.
    var table: [UInt8]?

    func byte(_ index: Int) -> UInt8 { table?[index] ?? UInt8(index) }
  }

  private mutating func makeTables() {
    let writers = writers()
    var origins: [Int: Origin] = [:]
    for (position, instruction) in instructions.enumerated() {
      guard let buffer = buffer(of: instruction.written), writers[buffer] == [position], let origin = origin(of: instruction, at: position, origins, writers)
      else { continue }
      origins[buffer] = origin
      guard let table = origin.table else { continue }
      let constant = lowering.addConstant(HostTensor(table, dimensions: [256]), name: "table")
      instructions[position] = .lookup(Lookup(input: origin.root, table: constant, output: instruction.written))
    }
  }

  /// Where the bytes that an instruction writes come from; nil where they depend on more than a byte each.
  private func origin(of instruction: Instruction, at position: Int, _ origins: [Int: Origin], _ writers: [[Int]]) -> Origin? {
    switch instruction {
    case .lookup(let fields):
      guard let table = bytes(of: fields.table), let origin = self.origin(of: fields.input, at: position, origins, writers) else { return nil }
      return Origin(root: origin.root, table: (0..<256).map { table[Int(origin.byte($0))] })
    case .binary(let fields):
      // Powers are computed by another function on the device.
      guard fields.operation != .power, let left = form(of: fields.left), let right = form(of: fields.right), let y = form(of: fields.output),
        isAlike(fields.left, fields.output), isAlike(fields.right, fields.output),
        let a = origin(of: fields.left, at: position, origins, writers), let b = origin(of: fields.right, at: position, origins, writers)
      else { return nil }
      guard lowering.tensors[Int(a.root)].home == lowering.tensors[Int(b.root)].home, case .buffer = lowering.tensors[Int(a.root)].home else { return nil }
      let table = (0..<256).map { index -> UInt8 in
        let value = fields.operation(left.value(ofByte: a.byte(index)), right.value(ofByte: b.byte(index)))
        let clamped = value.isNaN ? value : min(max(value, fields.lower), fields.upper)
        return y.byte(of: clamped)
      }
      return Origin(root: a.root, table: table)
    default: return nil
    }
  }

  /// nil where the tensor is written later once more.
  private func origin(of tensor: TensorIndex, at position: Int, _ origins: [Int: Origin], _ writers: [[Int]]) -> Origin? {
    guard let buffer = buffer(of: tensor) else { return Origin(root: tensor) }
    if let known = origins[buffer], count(tensor) == count(known.root) { return known }
    return writers[buffer].allSatisfy { $0 < position } ? Origin(root: tensor) : nil
  }

  /// The same elements at the same places, axes of one element aside.
  private func isAlike(_ operand: TensorIndex, _ y: TensorIndex) -> Bool {
    lowering.tensors[Int(operand)].dimensions.filter { $0 != 1 } == lowering.tensors[Int(y)].dimensions.filter { $0 != 1 }
  }

  // MARK: Convolutions

  private mutating func mergeIntoConvolutions() {
    let writers = writers()
    let readers = readerCounts()
    var merged: Set<Int> = []
    /// Where a buffer is written now, if by a convolution in one go.
    var makers: [Int: Int] = [:]
    for (position, instruction) in instructions.enumerated() {
      guard let written = buffer(of: instruction.written), writers[written] == [position] else { continue }
      if case .convolution = instruction { makers[written] = position }
      for operand in instruction.reads {
        guard let buffer = buffer(of: operand), readers[buffer] == 1, let maker = makers[buffer], case .convolution(let fields) = instructions[maker],
          let convolution = self.convolution(fields, followedBy: instruction, writers, makers)
        else { continue }
        instructions[maker] = .convolution(convolution)
        merged.insert(position)
        makers[buffer] = nil
        makers[written] = maker
        break
      }
    }
    instructions = instructions.enumerated().filter { !merged.contains($0.offset) }.map(\.element)
  }

  /// The convolution that does what the only reader of its output did; nil where none can.
  private mutating func convolution(_ fields: Convolution, followedBy reader: Instruction, _ writers: [[Int]], _ makers: [Int: Int]) -> Convolution? {
    let y = reader.written
    guard fields.multipliers != nil, fields.residual == nil, let form = form(of: fields.output), let to = self.form(of: y),
      form.elementType == to.elementType,
      let range = to.elementType.eightBitRange, lowering.tensors[Int(fields.output)].dimensions == lowering.tensors[Int(y)].dimensions, isModest(form),
      isModest(to)
    else { return nil }
    var merged = fields
    merged.output = y
    switch reader {
    case .lookup(let lookup):
      guard fields.gates == nil, var table = bytes(of: lookup.table) else { return nil }
      if let own = fields.table {
        guard let before = bytes(of: own) else { return nil }
        table = before.map { table[Int($0)] }
      }
      merged.table = lowering.addConstant(HostTensor(table, dimensions: [256]), name: "table")
      (merged.tableZeroPoint, merged.middleScale) = (to.quantisation.zeroPoint, to.quantisation.scale)
    case .binary(let sum):
      guard sum.operation == .add, sum.lower == -.infinity, sum.upper == .infinity else { return nil }
      let isLeft = buffer(of: sum.left) == buffer(of: fields.output)
      let (own, other) = isLeft ? (sum.left, sum.right) : (sum.right, sum.left)
      guard self.form(of: own) == form, isMade(other, beforeMakerOf: fields.output, makers, writers), let otherForm = self.form(of: other),
        isModest(otherForm), lowering.tensors[Int(other)].dimensions == lowering.tensors[Int(y)].dimensions
      else { return nil }
      merged.residual = other
      merged.tableZeroPoint = form.quantisation.zeroPoint
      merged.middleScale = form.quantisation.scale
      (merged.outputLower, merged.outputUpper) = (range.lowerBound, range.upperBound)
    default: return nil
    }
    return merged
  }

  /// Whether a tensor is complete before the convolution runs that writes another.
  private func isMade(_ tensor: TensorIndex, beforeMakerOf output: TensorIndex, _ makers: [Int: Int], _ writers: [[Int]]) -> Bool {
    guard let own = buffer(of: output), let maker = makers[own] else { return false }
    guard let buffer = buffer(of: tensor) else { return true }
    guard buffer != own else { return false }
    // A merged instruction's result is there when its convolution has run.
    if let made = makers[buffer] { return made < maker }
    return writers[buffer].allSatisfy { $0 < maker }
  }

  // MARK: Tensors

  private func buffer(of tensor: TensorIndex) -> Int? {
    if case .buffer(let buffer) = lowering.tensors[Int(tensor)].home { buffer } else { nil }
  }

  private func count(_ tensor: TensorIndex) -> Int { lowering.tensors[Int(tensor)].dimensions.elementCount }

  private func form(of tensor: TensorIndex) -> StoredQuantisation? {
    let tensor = lowering.tensors[Int(tensor)]
    guard let quantisation = tensor.quantisation, tensor.elementType.isEightBitInteger else { return nil }
    return StoredQuantisation(tensor.elementType, quantisation)
  }

  /// Whether a convolution may name the scale (`InstructionRules`).
  private func isModest(_ form: StoredQuantisation) -> Bool { (form.quantisation.scale * 1024).isFinite }

  /// A table's 256 bytes.
  private func bytes(of tensor: TensorIndex) -> [UInt8]? {
    let tensor = lowering.tensors[Int(tensor)]
    guard case .weights(let offset) = tensor.home, tensor.byteCount == 256 else { return nil }
    return Array(lowering.weights[offset..<offset + 256])
  }

  /// For each buffer the instructions that write it.
  private func writers() -> [[Int]] {
    var writers = [[Int]](repeating: [], count: lowering.bufferCount)
    for (position, instruction) in instructions.enumerated() {
      if let buffer = buffer(of: instruction.written) { writers[buffer].append(position) }
    }
    return writers
  }

  /// For each buffer how often it is read; being handed out counts.
  private func readerCounts() -> [Int] {
    var counts = [Int](repeating: 0, count: lowering.bufferCount)
    for tensor in instructions.flatMap(\.reads) + outputs {
      if let buffer = buffer(of: tensor) { counts[buffer] += 1 }
    }
    return counts
  }
}
