import CPUExecution
import Inference
import ModelFormat
import ProgramBuilding
import Tensors
import Testing

@Suite struct ConvolutionTests {
  @Test(arguments: ConvolutionShape.Grouping.allCases, 0..<24)
  func `integer convolutions of any shape equal the oracle bit for bit`(_ grouping: ConvolutionShape.Grouping, _ seed: Int) throws {
    var g = SeededGenerator(seed: UInt64(seed) &* 977 &+ 5)
    let shape = ConvolutionShape(grouping, &g)
    var builder = ProgramBuilder()
    let type = g.eightBitType()
    let input = builder.input(shape.input, type, g.quantisation(type))
    let channels = shape.output[3]
    let depth = shape.weights.dropFirst().reduce(1, *)
    let outputType = g.eightBitType()
    let range = outputType.eightBitRange!
    let quantisation = g.quantisation(outputType)
    let residual = seed % 3 == 0 ? builder.input(shape.output, outputType, g.quantisation(outputType)) : nil
    let weights = builder.constant(g.weights(shape.weights.elementCount), shape.weights)
    let bias = builder.constant((0..<channels).map { _ in Int32(g.integer(-20000...20000)) })
    let spread = 1 / (Float(depth).squareRoot() * 120)
    let multipliers = builder.constant(g.floats(channels, spread / 4...spread))
    let table = seed % 4 == 1 || seed % 12 == 3 ? builder.constant(g.bytes(256)) : nil
    let output = builder.output(shape.output, outputType, quantisation)
    var convolution = Convolution(
      input: input, weights: weights, bias: bias, output: output, strides: shape.strides, dilations: shape.dilations, padding: shape.padding,
      groups: Int32(shape.groups))
    convolution.multipliers = multipliers
    convolution.table = table
    if seed % 4 == 2 {
      convolution.gates = builder.constant(g.bytes(256))
      convolution.gateFactor = Int32(g.integer(40...4000))
      convolution.multipliers = builder.constant(g.floats(channels, spread * 60...spread * 250))
    }
    convolution.residual = residual
    convolution.middleZeroPoint = residual == nil && table == nil ? quantisation.zeroPoint : Int32(g.integer(Int(range.lowerBound)...Int(range.upperBound)))
    convolution.middleLower = seed % 2 == 0 ? range.lowerBound : range.lowerBound + 20
    convolution.middleUpper = range.upperBound - (seed % 5 == 0 ? 10 : 0)
    convolution.tableZeroPoint = table == nil ? convolution.middleZeroPoint : Int32(g.integer(Int(range.lowerBound)...Int(range.upperBound)))
    convolution.middleScale = g.float(0.02...0.15)
    convolution.outputLower = range.lowerBound + 3
    convolution.outputUpper = range.upperBound
    builder.append(.convolution(convolution))
    try compareWithOracle(builder, &g, "\(shape)")
  }

  @Test(arguments: ConvolutionShape.Grouping.allCases, 0..<24)
  func `float convolutions of any shape equal the oracle`(_ grouping: ConvolutionShape.Grouping, _ seed: Int) throws {
    var g = SeededGenerator(seed: UInt64(seed) &* 1009 &+ 7)
    let shape = ConvolutionShape(grouping, &g)
    var builder = ProgramBuilder()
    let input = builder.input(shape.input)
    let residual = seed % 3 == 0 ? builder.input(shape.output) : nil
    let depth = Float(shape.weights.dropFirst().reduce(1, *))
    let weights = builder.constant(g.floats(shape.weights.elementCount, -1 / depth.squareRoot()...1 / depth.squareRoot()), shape.weights)
    let bias = seed % 4 == 1 ? nil : builder.constant(g.floats(shape.output[3]))
    var convolution = Convolution(
      input: input, weights: weights, bias: bias, output: builder.output(shape.output), strides: shape.strides, dilations: shape.dilations,
      padding: shape.padding, groups: Int32(shape.groups))
    convolution.residual = residual
    let functions: [UnaryFunction] = [.identity, .silu, .clamp, .leakyRelu, .hardSwish, .sigmoid, .tanh]
    convolution.function = functions[seed % functions.count]
    convolution.alpha = convolution.function == .clamp ? 0 : 1 / 6
    convolution.beta = 0.5
    if seed % 5 == 2 { (convolution.lower, convolution.upper) = (-0.25, 0.5) }
    builder.append(.convolution(convolution))
    try compareWithOracle(builder, &g, "\(shape)")
  }

  @Test(arguments: [8, 4], 0..<16)
  func `convolutions with narrow weights equal the oracle`(_ bits: Int, _ seed: Int) throws {
    var g = SeededGenerator(seed: UInt64(seed) &* 1013 &+ UInt64(bits))
    var shape = ConvolutionShape(seed % 3 == 0 ? .some : .one, &g)
    // Two to a byte: an even number of channels meets each output.
    if shape.weights[3] % 2 == 1 { (shape.weights[3], shape.input[3]) = (shape.weights[3] + 1, shape.input[3] + shape.groups) }
    var builder = ProgramBuilder()
    let input = builder.input(shape.input)
    let depth = shape.weights.dropFirst().reduce(1, *)
    let group = 2 * g.integer(1...40)
    let scales = g.floats(shape.weights[0] * ((depth + group - 1) / group), 0.001...0.01)
    let weights =
      bits == 8
      ? builder.constant(g.weights(shape.weights.elementCount), shape.weights)
      : builder.constant(g.bytes(shape.weights.elementCount / 2), shape.weights.dropLast() + [shape.weights[3] / 2])
    var convolution = Convolution(
      input: input, weights: weights, bias: builder.constant(g.floats(shape.output[3])), output: builder.output(shape.output), strides: shape.strides,
      dilations: shape.dilations, padding: shape.padding, groups: Int32(shape.groups))
    convolution.narrow = Convolution.NarrowWeights(bits: Int32(bits), scales: builder.constant(scales), group: Int32(group))
    convolution.function = seed % 2 == 0 ? .silu : .identity
    builder.append(.convolution(convolution))
    try compareWithOracle(builder, &g, "\(shape)")
  }

  @Test(arguments: [(8, 34), (8, 95), (4, 34), (4, 96)], [7, 16, 40])
  func `a single row meets narrow weights as they are expanded`(_ form: (bits: Int, depth: Int), _ outputs: Int) throws {
    var g = SeededGenerator(seed: UInt64(form.depth * outputs))
    var builder = ProgramBuilder()
    let input = builder.input([1, 1, 1, form.depth])
    let scales = builder.constant(g.floats(outputs * ((form.depth + 31) / 32), 0.001...0.01))
    let weights =
      form.bits == 8
      ? builder.constant(g.weights(outputs * form.depth), [outputs, 1, 1, form.depth])
      : builder.constant(g.bytes(outputs * form.depth / 2), [outputs, 1, 1, form.depth / 2])
    var product = Convolution(input: input, weights: weights, output: builder.output([1, 1, 1, outputs]))
    product.narrow = Convolution.NarrowWeights(bits: Int32(form.bits), scales: scales, group: 32)
    builder.append(.convolution(product))
    try compareWithOracle(builder, &g)
  }

  @Test func `a tall convolution is shared in blocks without a seam`() throws {
    var g = SeededGenerator(seed: 3)
    var builder = ProgramBuilder()
    let input = builder.input([1, 40, 40, 16], .uint8, Quantisation(scale: 0.02, zeroPoint: 3))
    let weights = builder.constant(g.weights(33 * 9 * 16), [33, 3, 3, 16])
    let output = builder.output([1, 40, 40, 33], .int8, Quantisation(scale: 0.05, zeroPoint: -4))
    var convolution = Convolution(
      input: input, weights: weights, bias: builder.constant([Int32](repeating: 7, count: 33)), output: output,
      padding: Padding(top: 1, left: 1, bottom: 1, right: 1))
    convolution.multipliers = builder.constant(g.floats(33, 0.0001...0.001))
    (convolution.middleZeroPoint, convolution.middleLower, convolution.middleUpper) = (-4, -128, 127)
    builder.append(.convolution(convolution))
    try compareWithOracle(builder, &g)
  }

  @Test(arguments: [(16, 16, 5, 7), (32, 48, 5, 7), (16, 70, 6, 9)], [false, true])
  func `convolutions by minimal filtering equal the oracle bit for bit`(_ shape: (inputs: Int, outputs: Int, height: Int, width: Int), hasResidual: Bool) throws
  {
    var g = SeededGenerator(seed: UInt64(shape.inputs))
    var builder = ProgramBuilder()
    let size = [2, shape.height, shape.width, shape.outputs]
    let input = builder.input([2, shape.height, shape.width, shape.inputs], .int8, Quantisation(scale: 0.02, zeroPoint: -7))
    let residual = hasResidual ? builder.input(size, .uint8, Quantisation(scale: 0.03, zeroPoint: 90)) : nil
    let weights = builder.constant(g.weights(shape.outputs * 9 * shape.inputs), [shape.outputs, 3, 3, shape.inputs])
    let output = builder.output(size, .uint8, Quantisation(scale: 0.05, zeroPoint: 100))
    var convolution = Convolution(
      input: input, weights: weights, bias: builder.constant((0..<shape.outputs).map { _ in Int32(g.integer(-20000...20000)) }), output: output,
      padding: Padding(top: 1, left: 1, bottom: 1, right: 1))
    convolution.multipliers = builder.constant(g.floats(shape.outputs, 0.0001...0.0005))
    convolution.residual = residual
    convolution.table = hasResidual ? nil : builder.constant(g.bytes(256))
    (convolution.middleZeroPoint, convolution.middleLower, convolution.middleUpper) = (100, 0, 255)
    (convolution.tableZeroPoint, convolution.middleScale, convolution.outputLower, convolution.outputUpper) = (100, 0.04, 0, 255)
    builder.append(.convolution(convolution))
    try compareWithOracle(builder, &g)
  }

  @Test(arguments: [[1, 2], [2, 1]], [3, 5])
  func `depthwise convolutions that share weights may be dilated differently`(_ dilations: [Int32], _ size: Int) throws {
    var g = SeededGenerator(seed: 17)
    var builder = ProgramBuilder()
    let quantisation = Quantisation(scale: 0.05, zeroPoint: 3)
    let input = builder.input([1, 12, 12, 40], .uint8, quantisation)
    let weights = builder.constant(g.weights(40 * size * size), [40, size, size, 1])
    let (bias, multipliers) = (builder.constant([Int32](repeating: 5, count: 40)), builder.constant(g.floats(40, 0.001...0.004)))
    for dilation in dilations {
      let reach = Int32(size / 2) * dilation
      var convolution = Convolution(
        input: input, weights: weights, bias: bias, output: builder.output([1, 12, 12, 40], .uint8, quantisation), dilations: HeightWidth(dilation, dilation),
        padding: Padding(top: reach, left: reach, bottom: reach, right: reach), groups: 40)
      convolution.multipliers = multipliers
      (convolution.middleZeroPoint, convolution.middleLower, convolution.middleUpper) = (3, 0, 255)
      builder.append(.convolution(convolution))
    }
    try compareWithOracle(builder, &g)
  }

  /// A 3×3 depthwise convolution of an image of `width` × 5 pixels.
  private func appendDepthwise(
    to builder: inout ProgramBuilder, _ input: TensorIndex, width: Int, _ weights: TensorIndex, channels: Int, stride: Int32, padding: Int32
  ) {
    let extent = HeightWidth(stride, stride)
    let size = [5, width].map { ($0 + 2 * Int(padding) - 3) / Int(stride) + 1 }
    let output = builder.output([1, size[0], size[1], channels], .uint8, Quantisation(scale: 1, zeroPoint: 3))
    var convolution = Convolution(
      input: input, weights: weights, bias: builder.constant([Int32](repeating: 5, count: channels)), output: output, strides: extent,
      padding: Padding(top: padding, left: padding, bottom: padding, right: padding), groups: Int32(channels))
    convolution.multipliers = builder.constant([Float](repeating: 0.001, count: channels))
    (convolution.middleZeroPoint, convolution.middleLower, convolution.middleUpper) = (3, 0, 255)
    builder.append(.convolution(convolution))
  }

  @Test(arguments: [[1, 3], [3, 1]])
  func `depthwise convolutions that share weights may be padded differently`(_ paddings: [Int32]) throws {
    var g = SeededGenerator(seed: 18)
    var builder = ProgramBuilder()
    let input = builder.input([1, 5, 9, 40], .uint8, Quantisation(scale: 1, zeroPoint: 3))
    let weights = builder.constant(g.weights(40 * 9), [40, 3, 3, 1])
    for padding in paddings { appendDepthwise(to: &builder, input, width: 9, weights, channels: 40, stride: 1, padding: padding) }
    try compareWithOracle(builder, &g)
  }

  /// Columns of three weights: what two places for the middle one hold just so, what they don't by one, and what is small.
  @Test(
    arguments: [[0, 127, 127], [1, 127, 127], [-1, -127, -127], [127, 2, 127], [127, 3, 127], [-128, -1, -127], [-128, 127, -128], [20, -30, 11]], [1, 2])
  func `depthwise columns accumulate without saturating, whatever their weights`(_ column: [Int8], _ stride: Int32) throws {
    for (channels, width) in [(32, 1), (33, 2), (64, 7), (70, 5)] {
      var g = SeededGenerator(seed: 19)
      for zeroPoint in [Int32(0), 200] {
        var builder = ProgramBuilder()
        let input = builder.input([1, 5, width, channels], .uint8, Quantisation(scale: 1, zeroPoint: zeroPoint))
        // [C][row][column]: each row of the kernel has one of the column's weights, its third column none.
        let kernel: [Int8] = column.flatMap { weight -> [Int8] in [weight, weight, 0] }
        let weights = builder.constant([[Int8]](repeating: kernel, count: channels).flatMap { $0 }, [channels, 3, 3, 1])
        appendDepthwise(to: &builder, input, width: width, weights, channels: channels, stride: stride, padding: 1)
        let bright = HostTensor([UInt8](repeating: 255, count: 5 * width * channels), dimensions: [1, 5, width, channels])
        try compareWithOracle(builder, &g, inputs: [bright])
        try compareWithOracle(builder, &g)
      }
    }
  }

  @Test func `sums that could leave 32 bits are refused`() throws {
    var builder = ProgramBuilder()
    let input = builder.input([1, 1, 1, 2], .uint8, Quantisation(scale: 1, zeroPoint: 0))
    let weights = builder.constant([Int8](repeating: -128, count: 2), [1, 1, 1, 2])
    let output = builder.output([1, 1, 1, 1], .uint8, Quantisation(scale: 1, zeroPoint: 0))
    let bias = builder.constant([Int32.max - 2 * 255 * 128 + 1])
    var convolution = Convolution(input: input, weights: weights, bias: bias, output: output)
    convolution.multipliers = builder.constant([Float(1)])
    builder.append(.convolution(convolution))
    let error = #expect(throws: InferenceError.self) { try withSession(builder.program, builder.weights, CPUOptions()) { _ in } }
    #expect(error?.code == .sumOverflow)
  }

  @Test func `extreme bytes and weights accumulate without saturating`() throws {
    var g = SeededGenerator(seed: 11)
    var builder = ProgramBuilder()
    let input = builder.input([1, 2, 8, 64], .uint8, Quantisation(scale: 1, zeroPoint: 0))
    let weights = builder.constant((0..<20 * 64).map { Int8($0 / 64 % 2 == 0 ? 127 : -128) }, [20, 1, 1, 64])
    let output = builder.output([1, 2, 8, 20], .int8, Quantisation(scale: 1, zeroPoint: 0))
    var convolution = Convolution(input: input, weights: weights, bias: builder.constant([Int32](repeating: 0, count: 20)), output: output)
    convolution.multipliers = builder.constant([Float](repeating: 1 / 20000, count: 20))
    (convolution.middleLower, convolution.middleUpper) = (-128, 127)
    builder.append(.convolution(convolution))
    let bright = HostTensor([UInt8](repeating: 255, count: 1024), dimensions: [1, 2, 8, 64])
    try compareWithOracle(builder, &g, inputs: [bright])
    let outputs = try run(builder.program, builder.weights, [bright], CPUOptions())
    #expect(outputs[0].values(as: Int8.self).prefix(2) == [104, -104])
  }
}
