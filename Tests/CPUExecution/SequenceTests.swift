import CPUExecution
import Inference
import ModelFormat
import ProgramBuilding
import Tensors
import Testing

@Suite struct SequenceTests {
  @Test(arguments: Recurrence.Kind.allCases, 0..<10)
  func `recurrent layers equal the oracle`(_ kind: Recurrence.Kind, _ seed: Int) throws {
    var g = SeededGenerator(seed: UInt64(seed) + 900)
    let (steps, batch, hidden) = (g.integer(1...6), g.integer(1...3), [1, 5, 31, 32, 33, 70][g.integer(0...5)])
    var builder = ProgramBuilder()
    let gates = builder.input([steps, batch, kind.gateCount * hidden])
    let weights = builder.constant(g.floats(kind.gateCount * hidden * hidden, -0.3...0.3))
    var fields = Recurrence(kind: kind, gates: gates, weights: weights, states: 0)
    if kind == .gruResetAfter, g.flag() { fields.recurrentBias = builder.constant(g.floats(hidden)) }
    if kind.hasCell, g.flag() { fields.peepholes = builder.constant(g.floats(3 * hidden)) }
    // Out of range on both sides, too: a length is taken within the sequence.
    if seed % 3 == 0 { fields.lengths = builder.constant((0..<batch).map { _ in Int32(g.integer(-1...steps + 1)) }) }
    if g.flag() { fields.initialHidden = builder.input([batch, hidden]) }
    if kind.hasCell, g.flag() { fields.initialCell = builder.input([batch, hidden]) }
    fields.isReversed = g.flag()
    if seed % 4 == 0 { fields.clip = 0.4 }
    if seed % 5 == 0 {
      fields.functions = (.hardSigmoid, .leakyRelu, .affine)
      fields.alphas = (0.2, 0.1, 0.9)
      fields.betas = (0.5, 0, 0.05)
    }
    fields.states = builder.output([steps + 1, batch, kind.hasCell ? 2 : 1, hidden])
    builder.append(.recurrence(fields))
    try compareWithOracle(builder, &g, tolerance: 5e-6, "\(kind) \(steps) \(batch) \(hidden)")
  }

  @Test(arguments: 0..<24) func `integer convolutions equal the oracle, bit for bit`(_ seed: Int) throws {
    var g = SeededGenerator(seed: UInt64(seed) + 700)
    let (type, weightType) = (g.eightBitType(), g.eightBitType())
    let groups = [1, 1, 2, 3][seed % 4]
    let kernel = (g.integer(1...3), g.integer(1...4))
    let (strides, dilations) = ((g.integer(1...2), g.integer(1...3)), (g.integer(1...2), g.integer(1...2)))
    let pad = (g.integer(0...2), g.integer(0...2), g.integer(0...2), g.integer(0...2))
    let extent = ((kernel.0 - 1) * dilations.0 + 1, (kernel.1 - 1) * dilations.1 + 1)
    let channels = (groups * g.integer(1...20), groups * g.integer(1...9))
    let input = [g.integer(1...2), extent.0 + g.integer(0...5), extent.1 + g.integer(0...5), channels.0]
    let output = [
      input[0], (input[1] + pad.0 + pad.2 - extent.0) / strides.0 + 1, (input[2] + pad.1 + pad.3 - extent.1) / strides.1 + 1, channels.1,
    ]
    var builder = ProgramBuilder()
    let x = builder.input(input, type)
    let zero = g.flag() ? builder.input([1], type) : nil
    let size = [channels.1, kernel.0, kernel.1, channels.0 / groups]
    // The ends of the range, where a product of nine bits each is largest.
    let bytes = g.bytes(size.elementCount).map { $0 < 40 ? 0 : $0 > 215 ? 255 : $0 }
    let signed = { (bytes: [UInt8]) in bytes.map { Int8(bitPattern: $0) } }
    let w = weightType == .int8 ? builder.constant(signed(bytes), size) : builder.constant(bytes, size)
    let zeros = g.bytes(g.flag() ? 1 : channels.1)
    let wz = seed % 3 == 0 ? nil : weightType == .int8 ? builder.constant(signed(zeros)) : builder.constant(zeros)
    let y = builder.output(output, .int32)
    builder.append(
      .integerConvolution(
        IntegerConvolution(
          input: x, inputZeroPoint: zero, weights: w, weightZeroPoints: wz, output: y, strides: HeightWidth(Int32(strides.0), Int32(strides.1)),
          dilations: HeightWidth(Int32(dilations.0), Int32(dilations.1)),
          padding: Padding(top: Int32(pad.0), left: Int32(pad.1), bottom: Int32(pad.2), right: Int32(pad.3)), groups: Int32(groups))))
    try compareWithOracle(builder, &g, tolerance: 0, "\(input) \(output)")
  }

  @Test func `recurrent layers of impossible shapes are refused`() {
    let cases: [(inout Recurrence, inout ProgramBuilder) -> Void] = [
      { fields, builder in fields.weights = builder.constant([Float](repeating: 0, count: 15)) },
      { fields, builder in fields.peepholes = builder.constant([Float](repeating: 0, count: 5)) },
      { fields, builder in fields.initialHidden = builder.input([3, 1]) },
      { fields, builder in fields.lengths = builder.constant([Int32](repeating: 1, count: 3)) },
      { fields, builder in fields.recurrentBias = builder.constant([Float(0), 0]) },
      { fields, _ in fields.clip = .nan },
      { fields, builder in fields.states = builder.output([3, 2, 1, 2]) },
      { fields, builder in fields.states = builder.output([1, 2, 2, 2]) },
    ]
    for (index, breakIt) in cases.enumerated() {
      var builder = ProgramBuilder()
      let gates = builder.input([2, 2, 8])
      var fields = Recurrence(kind: .lstm, gates: gates, weights: builder.constant([Float](repeating: 0, count: 16)), states: builder.output([3, 2, 2, 2]))
      breakIt(&fields, &builder)
      builder.append(.recurrence(fields))
      let error = #expect(throws: InferenceError.self, "case \(index)") { try withSession(builder.program, builder.weights, CPUOptions()) { _ in } }
      #expect(error?.code == .malformedProgram)
    }
  }
}
