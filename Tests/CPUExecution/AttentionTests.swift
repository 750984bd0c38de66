import CPUExecution
import Inference
import ModelFormat
import ProgramBuilding
import Tensors
import Testing

@Suite struct AttentionTests {
  @Test(arguments: 0..<16) func `attention equals the oracle, with any number of rows open`(_ seed: Int) throws {
    var g = SeededGenerator(seed: UInt64(seed) + 4000)
    let (heads, size, rows) = (g.integer(1...4), [1, 3, 8, 36, 52][g.integer(0...4)], [1, 7, 119, 121, 260][g.integer(0...4)])
    let length = seed % 2 == 0 ? 1 : g.integer(2...40)
    let width = heads * size
    var builder = ProgramBuilder()
    let (queries, keys, values) = (builder.input([length, width]), builder.input([rows, width]), builder.input([rows, width]))
    var fields = Attention(queries: queries, keys: keys, values: values, output: 0, heads: Int32(heads))
    if length == 1, g.flag() { (fields.ownKey, fields.ownValue) = (builder.input([1, width]), builder.input([1, width])) }
    // Out of range on both sides, too: a count is taken within the rows.
    if seed % 3 != 0 { fields.count = builder.constant([Int64(g.integer(-1...rows + 1))]) }
    fields.output = builder.output([length, width])
    builder.append(.attention(fields))
    try compareWithOracle(builder, &g, tolerance: 1e-5, "\(heads) × \(size), \(length) against \(rows)")
  }

  @Test(arguments: 0..<8) func `keys and values of 16-bit floats are those numbers`(_ seed: Int) throws {
    var g = SeededGenerator(seed: UInt64(seed) + 4050)
    let (heads, size, rows) = (g.integer(1...4), [1, 5, 36, 52][g.integer(0...3)], [1, 7, 16, 130][seed % 4])
    let width = heads * size
    var builder = ProgramBuilder()
    let (queries, keys, values) = (builder.input([1, width]), builder.input([rows, width], .float16), builder.input([rows, width], .float16))
    var fields = Attention(queries: queries, keys: keys, values: values, output: 0, heads: Int32(heads))
    var inputs = [
      HostTensor(g.floats(width), dimensions: [1, width]), HostTensor(g.floats(rows * width), dimensions: [rows, width]).converted(to: .float16),
      HostTensor(g.floats(rows * width), dimensions: [rows, width]).converted(to: .float16),
    ]
    if g.flag() {
      (fields.ownKey, fields.ownValue) = (builder.input([1, width]), builder.input([1, width]))
      inputs += [0, 1].map { _ in HostTensor(g.floats(width), dimensions: [1, width]) }
    }
    if seed % 3 != 0 { fields.count = builder.constant([Int64(g.integer(-1...rows + 1))]) }
    fields.output = builder.output([1, width])
    builder.append(.attention(fields))
    try compareWithOracle(builder, &g, inputs: inputs, tolerance: 1e-5, "\(heads) × \(size) against \(rows)")
  }

  /// Scores far apart, and all far below 0: their exponentials would be 0 or infinite without the largest taken off.
  @Test(arguments: [1, 20]) func `large scores neither overflow nor vanish`(_ length: Int) throws {
    var g = SeededGenerator(seed: 41)
    var builder = ProgramBuilder()
    let (queries, keys, values) = (builder.input([length, 8]), builder.input([200, 8]), builder.input([200, 8]))
    builder.append(.attention(Attention(queries: queries, keys: keys, values: values, output: builder.output([length, 8]), heads: 2)))
    for offset in [-400, 300] as [Float] {
      let inputs = [
        HostTensor([Float](repeating: 20, count: length * 8), dimensions: [length, 8]),
        HostTensor(g.floats(1600, offset / 80 - 1...offset / 80 + 1), dimensions: [200, 8]), HostTensor(g.floats(1600), dimensions: [200, 8]),
      ]
      try compareWithOracle(builder, &g, inputs: inputs, tolerance: 1e-4)
    }
  }

  @Test(arguments: 0..<8) func `rotations equal the oracle, positions outside the table among them`(_ seed: Int) throws {
    var g = SeededGenerator(seed: UInt64(seed) + 4100)
    let (rows, heads, pairs, positions) = (g.integer(1...5), g.integer(1...3), [1, 4, 16, 17][g.integer(0...3)], g.integer(1...9))
    let width = heads * (2 * pairs + g.integer(0...4))
    var builder = ProgramBuilder()
    let input = builder.input([rows, width])
    let (cosines, sines) = (
      builder.constant(g.floats(positions * pairs), [positions, pairs]), builder.constant(g.floats(positions * pairs), [positions, pairs])
    )
    let places = builder.constant((0..<rows).map { _ in Int64(g.integer(-positions - 1...positions)) })
    builder.append(
      .rotation(
        Rotation(
          input: input, cosines: cosines, sines: sines, rowPositions: places, output: builder.output([rows, width]), heads: Int32(heads),
          isInterleaved: g.flag())))
    try compareWithOracle(builder, &g, tolerance: 0, "\(rows) × \(heads) × \(pairs)")
  }

  @Test(arguments: [1, 5, 16, 288, 301], [true, false]) func `normalisations equal the oracle`(_ width: Int, _ isShifted: Bool) throws {
    var g = SeededGenerator(seed: UInt64(width))
    var builder = ProgramBuilder()
    let input = builder.input([2, 3, width])
    let scale = builder.constant(g.floats(width))
    let shift = isShifted ? builder.constant(g.floats(width)) : nil
    builder.append(.normalisation(Normalisation(input: input, scale: scale, shift: shift, output: builder.output([2, 3, width]), epsilon: 1e-5)))
    try compareWithOracle(builder, &g, tolerance: 2e-5)
  }

  /// Weights of a channel come to 1 at most: what rounding to levels of the inputs' range loses is half a step.
  @Test(arguments: [(16, 2e-5), (8, 4.5e-3)] as [(Int, Float)], 0..<6)
  func `layers of rounded activations are within half a step of the oracle`(_ form: (bits: Int, tolerance: Float), _ seed: Int) throws {
    var g = SeededGenerator(seed: UInt64(seed) + 4200)
    let (rows, depth, outputs) = ([1, 1, 5, 40][seed % 4], [31, 64, 288][seed % 3], g.integer(1...70))
    var builder = ProgramBuilder()
    let x = builder.input([1, rows, 1, depth])
    let w = builder.constant(g.weights(outputs * depth), [outputs, 1, 1, depth])
    let scales = builder.constant(g.floats(outputs, 0.5...1).map { $0 / Float(128 * depth) }, [outputs, 1])
    var fields = Convolution(input: x, weights: w, bias: builder.constant(g.floats(outputs)), output: builder.output([1, rows, 1, outputs]))
    fields.narrow = Convolution.NarrowWeights(bits: 8, scales: scales, group: Int32(depth + depth % 2), activationBits: Int32(form.bits))
    builder.append(.convolution(fields))
    try compareWithOracle(builder, &g, tolerance: form.tolerance, "\(rows) × \(depth) × \(outputs)")
  }

  @Test func `windows of rounded activations are gathered as others are`() throws {
    var g = SeededGenerator(seed: 4300)
    var builder = ProgramBuilder()
    let x = builder.input([1, 1, 90, 12])
    let w = builder.constant(g.weights(20 * 84), [20, 1, 7, 12])
    var fields = Convolution(input: x, weights: w, output: builder.output([1, 1, 30, 20]), strides: HeightWidth(1, 3))
    fields.padding = Padding(top: 0, left: 2, bottom: 0, right: 2)
    let scales = builder.constant([Float](repeating: 1 / (128 * 84), count: 20), [20, 1])
    fields.narrow = Convolution.NarrowWeights(bits: 8, scales: scales, group: 84, activationBits: 16)
    builder.append(.convolution(fields))
    try compareWithOracle(builder, &g, tolerance: 2e-5)
  }

  @Test(arguments: [Float.nan, .infinity]) func `what isn't finite doesn't become a number by rounding`(_ value: Float) throws {
    var builder = ProgramBuilder()
    let x = builder.input([1, 2, 1, 40])
    let w = builder.constant([Int8](repeating: 3, count: 160), [4, 1, 1, 40])
    var fields = Convolution(input: x, weights: w, output: builder.output([1, 2, 1, 4]))
    fields.narrow = Convolution.NarrowWeights(
      bits: 8, scales: builder.constant([Float](repeating: 0.1, count: 4), [4, 1]), group: 40, activationBits: 8)
    builder.append(.convolution(fields))
    var values = [Float](repeating: 0.5, count: 80)
    values[21] = value
    for instructionSet in CPUInstructionSet.available {
      let output = try run(
        builder.program, builder.weights, [HostTensor(values, dimensions: [1, 2, 1, 40])], CPUOptions(instructionSet: instructionSet))[0].floats()
      #expect(output.prefix(4).allSatisfy { !$0.isFinite })
      #expect(output.suffix(4).allSatisfy { abs($0 - 6) < 1e-4 })
    }
  }
}
