import Tensors

/// Checks instructions against the tensors that they name.
@safe struct InstructionRules {
  let program: Program
  private let weights: UnsafeRawBufferPointer
  /// Made for the first instruction that has tables.
  private var readings: TableReadings?

  init(program: Program, weights: UnsafeRawBufferPointer) {
    self.program = program
    unsafe self.weights = weights
  }

  mutating func check(_ instruction: Instruction) throws(ModelFormatError) {
    try checkFields(instruction)
    try checkApart(instruction)
  }

  private mutating func checkFields(_ instruction: Instruction) throws(ModelFormatError) {
    switch instruction {
    case .convolution(let fields): try check(fields)
    case .pooling(let fields): try check(fields)
    case .binary(let fields): try check(fields)
    case .unary(let fields): try check(fields)
    case .lookup(let fields): try check(fields)
    case .quantise(let fields): try check(fields, quantises: true)
    case .dequantise(let fields): try check(fields, quantises: false)
    case .softmax(let fields): try check(fields)
    case .copy(let fields): try check(fields)
    case .fill(let fields): _ = try written(fields.output)
    case .reduction(let fields): try check(fields)
    case .resize(let fields): try check(fields)
    case .matrixProduct(let fields): try check(fields)
    case .arithmetic(let fields): try check(fields)
    case .mapping(let fields): try check(fields)
    case .cast(let fields): try check(cast: fields)
    case .select(let fields): try check(fields)
    case .gather(let fields): try check(fields)
    case .scatter(let fields): try check(fields)
    case .argReduction(let fields): try check(fields)
    case .topK(let fields): try check(fields)
    case .cumulativeSum(let fields): try check(fields)
    case .recurrence(let fields): try check(fields)
    case .integerConvolution(let fields): try check(fields)
    case .attention(let fields): try check(fields)
    case .rotation(let fields): try check(fields)
    case .normalisation(let fields): try check(fields)
    }
  }

  /// Bytes that an instruction writes while it still reads them would depend on the order of its threads. Only `unary` may work in place.
  private func checkApart(_ instruction: Instruction) throws(ModelFormatError) {
    let y = try written(instruction.written)
    for index in instruction.reads {
      let x = try tensor(index)
      if case .unary = instruction, x.storage == y.storage { continue }
      try require(!overlap(x, y), "overwrites '\(x.name)', which it reads")
    }
  }

  /// Whether two tensors have bytes of the arena in common.
  private func overlap(_ a: TensorDescription, _ b: TensorDescription) -> Bool {
    guard case .arena(let first) = a.storage, case .arena(let second) = b.storage, a.byteCount > 0, b.byteCount > 0 else { return false }
    return first < second + b.byteCount && second < first + a.byteCount
  }

  // MARK: Parts that the families share

  /// The tables of the weight section, read at most once.
  mutating func withReadings<Result>(_ body: (inout TableReadings) -> Result) -> Result {
    var readings = unsafe self.readings ?? TableReadings(program: program, weights: weights)
    self.readings = nil
    defer { self.readings = readings }
    return body(&readings)
  }

  func tensor(_ index: TensorIndex) throws(ModelFormatError) -> TensorDescription {
    guard program.tensors.indices.contains(Int(index)) else { throw broken("names tensor \(index) of \(program.tensors.count)") }
    return program.tensors[Int(index)]
  }

  /// A tensor that the instruction writes: it lies in the arena.
  func written(_ index: TensorIndex) throws(ModelFormatError) -> TensorDescription {
    let tensor = try tensor(index)
    guard case .arena = tensor.storage else { throw broken("writes '\(tensor.name)', which lies among the weights") }
    return tensor
  }

  /// A tensor of the weight section with this type and element count.
  func constant(_ index: TensorIndex, _ type: ElementType, count: Int, _ role: String) throws(ModelFormatError) {
    let tensor = try tensor(index)
    guard case .weights = tensor.storage, tensor.elementType == type, tensor.elementCount == count else {
      throw broken("\(role) '\(tensor.name)' is not a constant of \(count) \(type.name)")
    }
  }

  /// A dense image `[N,H,W,C]` without empty axes.
  func image(_ tensor: TensorDescription) throws(ModelFormatError) -> (n: Int, h: Int, w: Int, c: Int) {
    guard tensor.dimensions.count == 4, tensor.dimensions.allSatisfy({ 1...(1 << 24) ~= $0 }) else {
      throw broken("'\(tensor.name)' of \(tensor.dimensions) is no image")
    }
    return (tensor.dimensions[0], tensor.dimensions[1], tensor.dimensions[2], tensor.dimensions[3])
  }

  func isQuantised(_ tensor: TensorDescription) throws(ModelFormatError) -> Bool {
    if tensor.elementType == .float32 { return false }
    guard tensor.elementType.isEightBitInteger, tensor.quantisation != nil else {
      throw broken("'\(tensor.name)' is neither float32 nor quantised to 8 bits")
    }
    return true
  }

  func require(_ condition: Bool, _ message: @autoclosure () -> String) throws(ModelFormatError) {
    if !condition { throw broken(message()) }
  }

  func broken(_ message: String) -> ModelFormatError { ModelFormatError(.malformedProgram, message) }

  /// Whether a window placed by these numbers gives an output of `output` from an input of `input` along one axis.
  func checkWindow(input: Int, output: Int, kernel: Int32, stride: Int32, dilation: Int32, before: Int32, after: Int32) throws(ModelFormatError) {
    try require(
      1...65536 ~= kernel && 1...65536 ~= stride && 1...65536 ~= dilation && 0...65536 ~= before && 0...65536 ~= after,
      "has a window out of range")
    let extent = Int(dilation) * (Int(kernel) - 1) + 1
    let room = input + Int(before) + Int(after) - extent
    // A rounded-up pool may place its last window partly behind the trailing padding.
    let most = room < 0 ? 0 : (room + Int(stride) - 1) / Int(stride) + 1
    try require(output >= 1 && output <= most, "makes \(output) positions where its window fits \(most)")
  }
}
