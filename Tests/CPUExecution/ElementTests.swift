import ModelFormat
import ProgramBuilding
import Tensors
import Testing

@Suite struct ElementTests {
  /// The function's parameters and the range its inputs are drawn from.
  static func parameters(_ function: UnaryFunction) -> (alpha: Float, beta: Float, range: ClosedRange<Float>) {
    switch function {
    case .clamp: (-0.5, 6, -10...10)
    case .leakyRelu: (0.1, 0, -10...10)
    case .hardSigmoid, .hardSwish: (1 / 6, 0.5, -10...10)
    case .exp: (0, 0, -87...20)
    case .log, .sqrt: (0, 0, 1e-6...100)
    case .reciprocal: (0, 0, 0.01...10)
    case .elu: (1.5, 0, -10...10)
    case .power: (2.5, 0, 0...10)
    case .affine: (2, -3, -10...10)
    case .floor, .ceil, .round: (0, 0, -100...100)
    case .tangent: (0, 0, -1.4...1.4)
    case .arcsine, .arccosine: (0, 0, -1...1)
    case .atanh: (0, 0, -0.9...0.9)
    case .acosh: (0, 0, 1...100)
    case .sinh, .cosh: (0, 0, -20...20)
    case .selu: (1.6732632, 1.050701, -10...10)
    case .celu, .thresholdedRelu: (1.5, 0, -10...10)
    case .shrink: (1.5, 0.25, -10...10)
    case .geluTanh: (0, 0, -10...10)
    case .swish: (1.5, 0, -10...10)
    default: (0, 0, -30...30)
    }
  }

  @Test(arguments: UnaryFunction.allCases)
  func `unary functions equal the oracle within a millionth`(_ function: UnaryFunction) throws {
    var g = SeededGenerator(seed: UInt64(function.rawValue) + 1)
    let (alpha, beta, range) = Self.parameters(function)
    for count in [1, 7, 4096, 10001] {
      var builder = ProgramBuilder()
      let input = builder.input([count])
      builder.append(.unary(Unary(function: function, alpha: alpha, beta: beta, input: input, output: builder.output([count]))))
      let values = g.floats(count, range).enumerated().map { $0 == 3 && range.contains(0) ? 0 : $0 == 4 && range.contains(2.5) ? 2.5 : $1 }
      try compareWithOracle(builder, &g, inputs: [HostTensor(values, dimensions: [count])], tolerance: 1e-6)
    }
  }

  @Test(arguments: [UnaryFunction.exp, .sigmoid, .silu, .tanh, .mish])
  func `vectorised functions are right at the ends of the range`(_ function: UnaryFunction) throws {
    var builder = ProgramBuilder()
    var g = SeededGenerator(seed: 1)
    let values: [Float] = [0, -0.0, 1e-20, -1e-20, 0.624, 0.626, -0.624, 87, 88.7, 120, -87, -100, -200, 1e30, -1e30, .infinity, .nan]
    let input = builder.input([values.count])
    builder.append(.unary(Unary(function: function, input: input, output: builder.output([values.count]))))
    try compareWithOracle(builder, &g, inputs: [HostTensor(values, dimensions: [values.count])], tolerance: 1.2e-6)
  }

  @Test(arguments: [UnaryFunction.exp, .sigmoid, .tanh, .silu, .mish])
  func `vectorised functions keep their relative accuracy near zero`(_ function: UnaryFunction) throws {
    var g = SeededGenerator(seed: 2)
    let values = g.floats(20000, -20...20) + g.floats(2000, -0.01...0.01)
    var builder = ProgramBuilder()
    let input = builder.input([values.count])
    builder.append(.unary(Unary(function: function, input: input, output: builder.output([values.count]))))
    let outputs = try run(builder.program, builder.weights, [HostTensor(values, dimensions: [values.count])], .init())[0].floats()
    let worst = zip(values, outputs).map { x, y in
      let exact = function.value(Double(x), 0, 0)
      return exact == 0 ? 0 : abs((Double(y) - exact) / exact)
    }.max()!
    #expect(worst < 1e-6)
  }

  static let shapes: [([Int], [Int], [Int])] = [
    ([3, 5, 7], [3, 5, 7], [3, 5, 7]), ([2, 5, 6, 19], [19], [2, 5, 6, 19]), ([1], [2, 3, 33], [2, 3, 33]), ([2, 1, 4], [1, 3, 1], [2, 3, 4]),
    ([2, 9, 9, 8], [2, 1, 1, 8], [2, 9, 9, 8]), ([5000], [], [5000]), ([1, 4, 1], [9000], [1, 4, 9000]),
  ]

  @Test(arguments: Binary.Operation.allCases, shapes.indices)
  func `binary operations broadcast as NumPy does`(_ operation: Binary.Operation, _ shape: Int) throws {
    let (left, right, output) = Self.shapes[shape]
    var g = SeededGenerator(seed: UInt64(shape) + 9)
    var builder = ProgramBuilder()
    var fields = Binary(operation: operation, left: builder.input(left), right: builder.input(right), output: builder.output(output))
    if shape == 0 { (fields.lower, fields.upper) = (-0.3, 0.4) }
    builder.append(.binary(fields))
    let range: ClosedRange<Float> = operation == .power || operation == .divide ? 0.1...3 : -3...3
    let inputs = [left, right].map { HostTensor(g.floats($0.elementCount, range), dimensions: $0) }
    try compareWithOracle(builder, &g, inputs: inputs, tolerance: 1e-6)
  }

  @Test(arguments: Binary.Operation.allCases, shapes.indices)
  func `quantised binary operations equal the oracle bit for bit`(_ operation: Binary.Operation, _ shape: Int) throws {
    guard operation != .power else { return }
    let (left, right, output) = Self.shapes[shape]
    var g = SeededGenerator(seed: UInt64(shape) + 90)
    var builder = ProgramBuilder()
    let types = (g.eightBitType(), g.eightBitType(), g.eightBitType())
    let a = builder.input(left, types.0, g.quantisation(types.0))
    let b = builder.input(right, types.1, g.quantisation(types.1))
    var fields = Binary(operation: operation, left: a, right: b, output: builder.output(output, types.2, g.quantisation(types.2)))
    if shape == 1 { (fields.lower, fields.upper) = (0, 6) }
    builder.append(.binary(fields))
    try compareWithOracle(builder, &g)
  }

  @Test(arguments: 0..<6)
  func `quantise, look up and dequantise equal the oracle bit for bit`(_ seed: Int) throws {
    var g = SeededGenerator(seed: UInt64(seed))
    let count = [1, 15, 64, 4097, 9000, 12289][seed]
    let types = (g.eightBitType(), g.eightBitType())
    var builder = ProgramBuilder()
    let input = builder.input([count])
    let quantised = builder.output([count], types.0, g.quantisation(types.0))
    let mapped = builder.output([count], types.1, g.quantisation(types.1))
    builder.append(.quantise(Conversion(input: input, output: quantised)))
    builder.append(.lookup(Lookup(input: quantised, table: builder.constant(g.bytes(256)), output: mapped)))
    builder.append(.dequantise(Conversion(input: mapped, output: builder.output([count]))))
    var values = g.floats(count, -20...20)
    if count > 14 { values.replaceSubrange(0..<6, with: [.nan, .infinity, -.infinity, 1e30, -1e30, 0]) }
    try compareWithOracle(builder, &g, inputs: [HostTensor(values, dimensions: [count])], tolerance: 0)
  }

  @Test func `quantising rounds ties to even and gives NaN the zero point`() throws {
    var builder = ProgramBuilder()
    let input = builder.input([6])
    builder.append(.quantise(Conversion(input: input, output: builder.output([6], .int8, Quantisation(scale: 0.5, zeroPoint: 10)))))
    let values: [Float] = [0.25, 0.75, -0.25, .nan, 1000, -1000]
    let outputs = try run(builder.program, builder.weights, [HostTensor(values, dimensions: [6])], .init())
    #expect(outputs[0].values(as: Int8.self) == [10, 12, 10, 10, 127, -128])
  }

  @Test(arguments: [ElementType.uint8, .float16, .float32, .int64])
  func `fill writes the pattern's low bytes`(_ type: ElementType) throws {
    var g = SeededGenerator(seed: 1)
    var builder = ProgramBuilder()
    let output = builder.output([4099], type)
    builder.append(.fill(Fill(output: output, pattern: 0x8877_6655_4433_2211)))
    try compareWithOracle(builder, &g)
  }

  @Test(arguments: [1, 2, 9, 63, 64, 65, 1000], [false, true])
  func `softmax equals the oracle`(_ width: Int, _ isLogarithmic: Bool) throws {
    var g = SeededGenerator(seed: UInt64(width))
    var builder = ProgramBuilder()
    let input = builder.input([3, 5, width])
    builder.append(.softmax(Softmax(input: input, output: builder.output([3, 5, width]), isLogarithmic: isLogarithmic)))
    let values = HostTensor(g.floats(15 * width, -40...40), dimensions: [3, 5, width])
    try compareWithOracle(builder, &g, inputs: [values], tolerance: 3e-6)
  }
}
