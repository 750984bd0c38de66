import ModelFormat
import Tensors

/// xorshift64*, seeded: the same numbers in every run.
struct SeededNumbers: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }
  mutating func next() -> UInt64 {
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    return state &* 0x2545_F491_4F6C_DD1D
  }
}

/// A valid program of one instruction over tensors 0 (input), 1 (output) and what the instruction needs besides.
enum TestProgram {
  /// Zeros: index tables read row 0, fractions are 0.
  static let weights = [UInt8](repeating: 0, count: 4096)

  static func arena(_ name: String, _ type: ElementType, _ dimensions: [Int], at offset: Int, _ quantisation: Quantisation? = nil) -> TensorDescription {
    TensorDescription(name: name, elementType: type, dimensions: dimensions, quantisation: quantisation, storage: .arena(offset: offset))
  }

  static func constant(_ name: String, _ type: ElementType, _ dimensions: [Int], at offset: Int = 0) -> TensorDescription {
    TensorDescription(name: name, elementType: type, dimensions: dimensions, storage: .weights(offset: offset))
  }

  static func program(_ tensors: [TensorDescription], _ instruction: Instruction) -> Program {
    Program(tensors: tensors, inputs: [], outputs: [], instructions: [instruction], arenaByteCount: 4096)
  }

  static let form = Quantisation(scale: 0.5, zeroPoint: 3)

  static var floatConvolution: Program {
    program(
      [
        arena("x", .float32, [1, 4, 4, 2], at: 0), arena("y", .float32, [1, 4, 4, 3], at: 256), constant("w", .float32, [3, 1, 1, 2]),
        constant("b", .float32, [3]),
      ], .convolution(Convolution(input: 0, weights: 2, bias: 3, output: 1)))
  }

  static var integerConvolution: Program {
    var convolution = Convolution(input: 0, weights: 2, bias: 3, output: 1)
    convolution.multipliers = 4
    convolution.table = 5
    convolution.middleUpper = 255
    convolution.outputUpper = 255
    return program(
      [
        arena("x", .uint8, [1, 4, 4, 2], at: 0, form), arena("y", .uint8, [1, 4, 4, 3], at: 256, form), constant("w", .int8, [3, 1, 1, 2]),
        constant("b", .int32, [3]), constant("m", .float32, [3]), constant("t", .uint8, [256]),
      ], .convolution(convolution))
  }

  static var gatedConvolution: Program {
    var program = integerConvolution
    guard case .convolution(var convolution) = program.instructions[0] else { return program }
    (convolution.table, convolution.gates, convolution.gateFactor) = (nil, 5, 300)
    program.instructions[0] = .convolution(convolution)
    return program
  }

  static var narrowConvolution: Program {
    var convolution = Convolution(input: 0, weights: 2, bias: 3, output: 1)
    convolution.narrow = Convolution.NarrowWeights(bits: 8, scales: 4, group: 2)
    return program(
      [
        arena("x", .float32, [1, 4, 4, 2], at: 0), arena("y", .float32, [1, 4, 4, 3], at: 256), constant("w", .int8, [3, 1, 1, 2]),
        constant("b", .float32, [3]), constant("s", .float32, [3]),
      ], .convolution(convolution))
  }

  static var pooling: Program {
    program(
      [arena("x", .uint8, [1, 4, 4, 2], at: 0, form), arena("y", .uint8, [1, 2, 2, 2], at: 256, form)],
      .pooling(Pooling(kind: .maximum, input: 0, output: 1, kernel: HeightWidth(2, 2), strides: HeightWidth(2, 2), padding: .zero)))
  }

  static var binary: Program {
    program(
      [arena("x", .float32, [4, 1], at: 0), arena("y", .float32, [4, 3], at: 256), arena("z", .float32, [3], at: 512)],
      .binary(Binary(operation: .add, left: 0, right: 2, output: 1)))
  }

  static var unary: Program {
    program([arena("x", .float32, [8], at: 0), arena("y", .float32, [8], at: 256)], .unary(Unary(function: .silu, input: 0, output: 1)))
  }

  static var lookup: Program {
    program(
      [arena("x", .uint8, [8], at: 0, form), arena("y", .int8, [8], at: 256, form), constant("t", .uint8, [256])],
      .lookup(Lookup(input: 0, table: 2, output: 1)))
  }

  static var quantise: Program {
    program([arena("x", .float32, [8], at: 0), arena("y", .int8, [8], at: 256, form)], .quantise(Conversion(input: 0, output: 1)))
  }

  static var softmax: Program {
    program([arena("x", .float32, [2, 4], at: 0), arena("y", .float32, [2, 4], at: 256)], .softmax(Softmax(input: 0, output: 1)))
  }

  static var copy: Program {
    program(
      [arena("x", .float32, [2, 4], at: 0), arena("y", .float32, [4, 2], at: 256)],
      .copy(StridedCopy(input: 0, output: 1, extents: [4, 2], inputOffset: 0, inputStrides: [1, 4], outputOffset: 0, outputStrides: [2, 1])))
  }

  static var fill: Program { program([arena("x", .float32, [4], at: 0)], .fill(Fill(output: 0, pattern: 7))) }

  static var reduction: Program {
    program(
      [arena("x", .uint8, [2, 3, 4], at: 0, form), arena("y", .uint8, [2, 4], at: 256, form)],
      .reduction(Reduction(kind: .mean, input: 0, output: 1, outer: 2, reduced: 3, inner: 4)))
  }

  static var resize: Program {
    program(
      [
        arena("x", .float32, [1, 2, 2, 1], at: 0), arena("y", .float32, [1, 4, 4, 1], at: 256), constant("i", .int32, [8]), constant("f", .float32, [4]),
      ], .resize(Resize(input: 0, output: 1, rows: 2, rowFractions: 3, columns: 2, columnFractions: 3)))
  }

  /// With fractions behind the table, at byte 32.
  static var resizeWithOwnFractions: Program {
    var program = resize
    program.tensors[3].storage = .weights(offset: 32)
    return program
  }

  static var plainConvolution: Program {
    program(
      [arena("x", .uint8, [1, 4, 4, 2], at: 0), arena("y", .int32, [1, 4, 4, 3], at: 256), constant("w", .int8, [3, 1, 1, 2])],
      .integerConvolution(
        IntegerConvolution(
          input: 0, weights: 2, output: 1, strides: HeightWidth(1, 1), dilations: HeightWidth(1, 1), padding: .zero, groups: 1)))
  }

  static var recurrence: Program {
    program(
      [arena("x", .float32, [3, 2, 4], at: 0), arena("y", .float32, [4, 2, 1, 4], at: 256), constant("w", .float32, [4, 4])],
      .recurrence(Recurrence(kind: .simple, gates: 0, weights: 2, states: 1)))
  }

  static var matrixProduct: Program {
    program(
      [arena("x", .float32, [2, 3], at: 0), arena("y", .float32, [2, 4], at: 256), arena("z", .float32, [3, 4], at: 512)],
      .matrixProduct(
        MatrixProduct(left: 0, right: 2, output: 1, batch: 1, m: 2, n: 4, k: 3, leftBatchStride: 0, rightBatchStride: 0, isRightTransposed: false)))
  }

  /// One of each family.
  static var all: [Program] {
    [
      floatConvolution, integerConvolution, gatedConvolution, narrowConvolution, pooling, binary, unary, lookup, quantise, softmax, copy, fill, reduction,
      resize, matrixProduct, attention, rotation, normalisation, roundedConvolution,
    ] + whole
  }
}

extension Program {
  /// The refusal's message; nil where the program is valid.
  func refusal(weights: [UInt8] = TestProgram.weights) -> String? {
    unsafe weights.withUnsafeBytes { bytes in
      do throws(ModelFormatError) {
        try unsafe validate(weights: bytes)
        return nil
      } catch {
        return error.message
      }
    }
  }
}
