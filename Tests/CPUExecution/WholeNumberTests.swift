import ModelFormat
import ProgramBuilding
import Tensors
import Testing

private let wholeTypes = ElementType.allCases.filter { $0.isInteger && $0 != .bool }

extension SeededGenerator {
  /// Elements of any type: small ones, those at the ends of the type, and random bits.
  mutating func extremes(_ type: ElementType, _ dimensions: [Int]) -> HostTensor {
    let count = dimensions.elementCount
    let size = type.byteCount
    var bytes: [UInt8] = []
    for _ in 0..<count {
      let pattern: UInt64 =
        switch type {
        case .bool: UInt64([0, 0, 1, 1, 1, 255][integer(0...5)])
        case .float32: UInt64(realExtreme(Float.self).bitPattern)
        case .float64: realExtreme(Double.self).bitPattern
        case .float16: UInt64(realExtreme(Float.self).halfPattern)
        default: wholeExtreme(size)
        }
      bytes += (0..<size).map { UInt8(truncatingIfNeeded: pattern >> UInt64(8 * $0)) }
    }
    return HostTensor(elementType: type, dimensions: dimensions, bytes: bytes)
  }

  private mutating func wholeExtreme(_ size: Int) -> UInt64 {
    let top = UInt64(1) << UInt64(8 * size - 1)
    switch integer(0...7) {
    case 0: return top
    case 1: return top &- 1
    case 2: return .max
    case 3: return 0
    case 4: return next()
    case 5: return UInt64(bitPattern: Int64(integer(-9...9)))
    default: return UInt64(integer(0...12))
    }
  }

  private mutating func realExtreme<Real: BinaryFloatingPoint>(_ type: Real.Type) -> Real {
    switch integer(0...9) {
    case 0: return [Real.nan, .infinity, -.infinity, -0.0, 0][integer(0...4)]
    case 1: return Real(sign: flag() ? .plus : .minus, exponent: Real.Exponent(integer(-30...70)), significand: 1 + Real(integer(0...1000)) / 1000)
    case 2: return Real(integer(-300...300)) + 0.5
    case 3: return [127, 128, 255, 256, 32767, 32768, 65535, 65536, 2_147_483_647, 2_147_483_648, 4_294_967_296, 65519.9, 65520][integer(0...12)]
    case 4: return -[127, 128, 129, 32768, 32769, 2_147_483_648, 9_223_372_036_854_775_808][integer(0...6)]
    default: return Real(integer(-20...20)) / 4
    }
  }
}

@Suite struct WholeNumberTests {
  /// Left, right and output; the last spans several of the kernels' chunks.
  static let shapes: [([Int], [Int], [Int])] = [
    ([3, 5, 7], [3, 5, 7], [3, 5, 7]), ([2, 3, 19], [19], [2, 3, 19]), ([1], [2, 3, 33], [2, 3, 33]), ([2, 1, 4], [1, 3, 1], [2, 3, 4]), ([257], [], [257]),
    ([4099], [4099], [4099]),
  ]

  @Test(arguments: Arithmetic.Operation.allCases)
  func `arithmetic of every type equals the oracle, at the ends of the types too`(_ operation: Arithmetic.Operation) throws {
    var g = SeededGenerator(seed: UInt64(operation.rawValue) + 1)
    for type in ElementType.allCases where operation.accepts(type) {
      // One type a test takes the long way.
      let isLong = Int(type.rawValue) % Arithmetic.Operation.allCases.count == Int(operation.rawValue)
      for (left, right, output) in isLong ? Self.shapes : Self.shapes.dropLast() {
        var builder = ProgramBuilder()
        let (a, b) = (builder.input(left, type), builder.input(right, type))
        let y = builder.output(output, operation.givesTruth ? .bool : type)
        builder.append(.arithmetic(Arithmetic(operation: operation, left: a, right: b, output: y)))
        try compareWithOracle(builder, &g, inputs: [g.extremes(type, left), g.extremes(type, right)], tolerance: 0, "\(type.name) \(left) \(right)")
      }
    }
  }

  @Test(arguments: Mapping.Function.allCases)
  func `mappings of every type equal the oracle`(_ function: Mapping.Function) throws {
    var g = SeededGenerator(seed: UInt64(function.rawValue) + 40)
    for type in ElementType.allCases where function.accepts(type) {
      for count in [1, 255, 256, 257] + (type == .int16 || type == .float32 ? [4099] : []) {
        var builder = ProgramBuilder()
        let x = builder.input([count], type)
        builder.append(.mapping(Mapping(function: function, input: x, output: builder.output([count], function.givesTruth ? .bool : type))))
        try compareWithOracle(builder, &g, inputs: [g.extremes(type, [count])], "\(type.name) \(count)")
      }
    }
  }

  @Test(arguments: ElementType.allCases)
  func `casts from a type to every other equal the oracle bit for bit`(_ type: ElementType) throws {
    var g = SeededGenerator(seed: UInt64(type.rawValue) + 70)
    for target in ElementType.allCases {
      for count in [1, 7, 259] + (target == .int32 ? [4099] : []) {
        var builder = ProgramBuilder()
        let x = builder.input([count], type)
        builder.append(.cast(Conversion(input: x, output: builder.output([count], target))))
        try compareWithOracle(builder, &g, inputs: [g.extremes(type, [count])], tolerance: 0, "to \(target.name), \(count)")
      }
    }
  }

  @Test(arguments: shapes.indices)
  func `selections broadcast all three operands`(_ shape: Int) throws {
    let (left, right, output) = Self.shapes[shape]
    var g = SeededGenerator(seed: UInt64(shape) + 100)
    for type in ElementType.allCases {
      for order in 0..<4 {
        let dimensions = [[left, right, output], [right, output, left], [output, left, right], [output, [], left]][order]
        var builder = ProgramBuilder()
        let condition = builder.input(dimensions[0], .bool)
        let (x, y) = (builder.input(dimensions[1], type), builder.input(dimensions[2], type))
        builder.append(.select(Select(condition: condition, onTrue: x, onFalse: y, output: builder.output(output, type))))
        let inputs = [g.extremes(.bool, dimensions[0]), g.extremes(type, dimensions[1]), g.extremes(type, dimensions[2])]
        try compareWithOracle(builder, &g, inputs: inputs, tolerance: 0, "\(type.name) \(order)")
      }
    }
  }

  @Test(arguments: Reduction.Kind.allCases, [(3, 9, 70), (2, 1, 5), (4, 33, 1), (1, 700, 1)])
  func `reductions of whole numbers equal the oracle`(_ kind: Reduction.Kind, _ shape: (Int, Int, Int)) throws {
    var g = SeededGenerator(seed: 4)
    let chooses = kind == .maximum || kind == .minimum
    for type in wholeTypes + (chooses ? [.bool] : []) where kind != .logSumExp {
      var builder = ProgramBuilder()
      let input = builder.input([shape.0, shape.1, shape.2], type)
      let output = builder.output([shape.0, shape.2], type)
      builder.append(
        .reduction(Reduction(kind: kind, input: input, output: output, outer: Int32(shape.0), reduced: Int32(shape.1), inner: Int32(shape.2))))
      try compareWithOracle(builder, &g, inputs: [g.extremes(type, [shape.0, shape.1, shape.2])], "\(type.name)")
    }
  }

  @Test(arguments: [(3, 9, 70), (2, 1, 5), (4, 33, 1), (1, 700, 1)], 0..<4)
  func `cumulative sums equal the oracle`(_ shape: (Int, Int, Int), _ form: Int) throws {
    var g = SeededGenerator(seed: 5)
    let dimensions = [shape.0, shape.1, shape.2]
    for type in wholeTypes + [.float32] {
      var builder = ProgramBuilder()
      let input = builder.input(dimensions, type)
      builder.append(
        .cumulativeSum(
          CumulativeSum(
            input: input, output: builder.output(dimensions, type), outer: Int32(shape.0), length: Int32(shape.1), inner: Int32(shape.2),
            isExclusive: form & 1 != 0, isReversed: form & 2 != 0)))
      let values = type == .float32 ? HostTensor(g.floats(dimensions.elementCount), dimensions: dimensions) : g.extremes(type, dimensions)
      try compareWithOracle(builder, &g, inputs: [values], tolerance: 0, "\(type.name)")
    }
  }
}
