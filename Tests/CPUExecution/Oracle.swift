import ModelFormat
import Tensors

/// Executes a program element by element, straight from the words of `Instruction`: the oracle of the kernels. Integer
/// arithmetic is exact; sums of floats are taken in double precision.
struct Oracle {
  let program: Program
  let weights: [UInt8]
  private var arena: [UInt8]
  /// Run-time indices that lay outside.
  var faultCount: UInt64 = 0

  init(program: Program, weights: [UInt8]) {
    self.program = program
    self.weights = weights
    arena = [UInt8](repeating: 0xA5, count: program.arenaByteCount)
  }

  mutating func run(_ inputs: [HostTensor]) -> [HostTensor] {
    for (port, tensor) in zip(program.inputs, inputs) {
      let start = offset(port.tensor)
      arena.replaceSubrange(start..<start + tensor.bytes.count, with: tensor.bytes)
    }
    for instruction in program.instructions { run(instruction) }
    return program.outputs.map { port in
      let tensor = self[port.tensor]
      let start = offset(port.tensor)
      return HostTensor(elementType: tensor.elementType, dimensions: tensor.dimensions, bytes: Array(arena[start..<start + tensor.byteCount]))
    }
  }

  private mutating func run(_ instruction: Instruction) {
    switch instruction {
    case .convolution(let fields): run(fields)
    case .pooling(let fields): run(fields)
    case .binary(let fields): run(fields)
    case .unary(let fields):
      for i in 0..<self[fields.output].elementCount {
        set(fields.output, i, Float(fields.function.value(Double(float(fields.input, i)), Double(fields.alpha), Double(fields.beta))))
      }
    case .lookup(let fields):
      for i in 0..<self[fields.output].elementCount { setByte(fields.output, i, byte(fields.table, Int(byte(fields.input, i)))) }
    case .quantise(let fields):
      let output = self[fields.output]
      for i in 0..<output.elementCount { set(fields.output, i, output.quantisation!.quantised(float(fields.input, i), in: output.elementType.eightBitRange!)) }
    case .dequantise(let fields):
      for i in 0..<self[fields.output].elementCount { set(fields.output, i, real(fields.input, i)) }
    case .softmax(let fields): run(fields)
    case .copy(let fields): run(fields)
    case .fill(let fields):
      let size = self[fields.output].elementType.byteCount
      for i in 0..<self[fields.output].byteCount { setByte(fields.output, i, UInt8(truncatingIfNeeded: fields.pattern >> UInt64(8 * (i % size)))) }
    case .reduction(let fields): run(fields)
    case .resize(let fields): run(fields)
    case .matrixProduct(let fields): run(fields)
    case .arithmetic(let fields): run(fields)
    case .mapping(let fields): run(fields)
    case .cast(let fields): run(cast: fields)
    case .select(let fields): run(fields)
    case .gather(let fields): run(fields)
    case .scatter(let fields): run(fields)
    case .argReduction(let fields): run(fields)
    case .topK(let fields): run(fields)
    case .cumulativeSum(let fields): run(fields)
    case .recurrence(let fields): run(fields)
    case .integerConvolution(let fields): run(fields)
    case .attention(let fields): run(fields)
    case .rotation(let fields): run(fields)
    case .normalisation(let fields): run(fields)
    }
  }
}

// MARK: Elements

extension Oracle {
  subscript(_ index: TensorIndex) -> TensorDescription { program.tensors[Int(index)] }

  private func offset(_ index: TensorIndex) -> Int {
    switch self[index].storage {
    case .arena(let offset), .weights(let offset): offset
    }
  }

  func byte(_ index: TensorIndex, _ position: Int) -> UInt8 {
    if case .arena = self[index].storage { return arena[offset(index) + position] }
    return weights[offset(index) + position]
  }

  mutating func setByte(_ index: TensorIndex, _ position: Int, _ value: UInt8) { arena[offset(index) + position] = value }

  private func word(_ index: TensorIndex, _ position: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 | UInt32(byte(index, 4 * position + $1)) << UInt32(8 * $1) }
  }

  func float(_ index: TensorIndex, _ position: Int) -> Float {
    guard self[index].elementType == .float16 else { return Float(bitPattern: word(index, position)) }
    return Float(halfPattern: UInt16(byte(index, 2 * position)) | UInt16(byte(index, 2 * position + 1)) << 8)
  }

  func integer(_ index: TensorIndex, _ position: Int) -> Int32 {
    switch self[index].elementType {
    case .int8: Int32(Int8(bitPattern: byte(index, position)))
    case .uint8: Int32(byte(index, position))
    default: Int32(bitPattern: word(index, position))
    }
  }

  /// The real value of an element, dequantised where it is 8-bit.
  func real(_ index: TensorIndex, _ position: Int) -> Float {
    guard let quantisation = self[index].quantisation else { return float(index, position) }
    return quantisation.dequantised(integer(index, position))
  }

  mutating func set(_ index: TensorIndex, _ position: Int, _ value: Float) {
    for i in 0..<4 { setByte(index, 4 * position + i, UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(8 * i))) }
  }

  mutating func set(_ index: TensorIndex, _ position: Int, _ value: Int32) { setByte(index, position, UInt8(truncatingIfNeeded: value)) }

  func zeroPoint(_ index: TensorIndex) -> Int32 { self[index].quantisation?.zeroPoint ?? 0 }

  func saturated(_ value: Float, _ index: TensorIndex) -> Int32 {
    let range = self[index].elementType.eightBitRange!
    return Int32(max(min(value.rounded(.toNearestOrEven) + Float(zeroPoint(index)), Float(range.upperBound)), Float(range.lowerBound)))
  }
}
