import CPUExecution
import ModelFormat
import ProgramBuilding
import Tensors
import Testing

@Suite struct MovementTests {
  @Test(arguments: [ElementType.uint8, .float16, .float32, .int64], 0..<12)
  func `strided copies equal the oracle`(_ type: ElementType, _ seed: Int) throws {
    var g = SeededGenerator(seed: UInt64(seed) &* 31 &+ UInt64(type.rawValue))
    let rank = g.integer(1...6)
    let dimensions = (0..<rank).map { _ in g.integer(1...6) }
    let order = Array(0..<rank).shuffled(using: &g)
    let strides = dimensions.rowMajorStrides
    // Some axes backwards, some repeated.
    var offset: Int64 = 0
    var inputStrides = order.map { Int64(strides[$0]) }
    for (axis, source) in order.enumerated() {
      switch g.integer(0...4) {
      case 0:
        offset += Int64(dimensions[source] - 1) * inputStrides[axis]
        inputStrides[axis] = -inputStrides[axis]
      case 1: inputStrides[axis] = 0
      default: break
      }
    }
    let extents = order.map { dimensions[$0] }
    var builder = ProgramBuilder()
    let input = builder.input(dimensions, type)
    let output = builder.output(extents, type)
    builder.append(
      .copy(
        StridedCopy(
          input: input, output: output, extents: extents.map { Int32($0) }, inputOffset: offset, inputStrides: inputStrides, outputOffset: 0,
          outputStrides: extents.rowMajorStrides.map { Int64($0) })))
    try compareWithOracle(builder, &g)
  }

  @Test func `parts are put side by side`() throws {
    var g = SeededGenerator(seed: 5)
    var builder = ProgramBuilder()
    let parts = [builder.input([2, 30, 30, 3], .uint8), builder.input([2, 30, 30, 20], .uint8)]
    let output = builder.output([2, 30, 30, 23], .uint8)
    for (part, offset, width) in [(parts[0], 0, 3), (parts[1], 3, 20)] {
      builder.append(
        .copy(
          StridedCopy(
            input: part, output: output, extents: [1800, Int32(width)], inputOffset: 0, inputStrides: [Int64(width), 1], outputOffset: Int64(offset),
            outputStrides: [23, 1])))
    }
    try compareWithOracle(builder, &g)
  }

  @Test func `a long run is cut into chunks without a seam`() throws {
    var g = SeededGenerator(seed: 6)
    var builder = ProgramBuilder()
    let input = builder.input([50001], .int16)
    let output = builder.output([50001], .int16)
    builder.append(
      .copy(StridedCopy(input: input, output: output, extents: [50001], inputOffset: 50000, inputStrides: [-1], outputOffset: 0, outputStrides: [1])))
    try compareWithOracle(builder, &g)
  }

  @Test(arguments: 0..<16)
  func `resampling equals the oracle`(_ seed: Int) throws {
    var g = SeededGenerator(seed: UInt64(seed))
    let type: ElementType = seed % 2 == 0 ? .float32 : g.eightBitType()
    let quantisation = type == .float32 ? nil : g.quantisation(type)
    let (input, output) = ([g.integer(1...2), g.integer(1...7), g.integer(1...7), g.integer(1...33)], (g.integer(1...15), g.integer(1...15)))
    var builder = ProgramBuilder()
    let x = builder.input(input, type, quantisation)
    let y = builder.output([input[0], output.0, output.1, input[3]], type, quantisation)
    // Nearest neighbours, mixtures, and what lies outside the two: a cubic's fractions, and the largest.
    let range: ClosedRange<Float> = [0...1, 0...1, 0...1, 0...0, -0.2...1.2, -1...2, -30...30, -4096...4096][seed / 2]
    let fractions = { (count: Int, g: inout SeededGenerator) in g.floats(count, range) }
    let rows = builder.constant((0..<2 * output.0).map { _ in Int32(g.integer(0...input[1] - 1)) })
    let rowFractions = builder.constant(fractions(output.0, &g))
    let columns = builder.constant((0..<2 * output.1).map { _ in Int32(g.integer(0...input[2] - 1)) })
    let columnFractions = builder.constant(fractions(output.1, &g))
    builder.append(.resize(Resize(input: x, output: y, rows: rows, rowFractions: rowFractions, columns: columns, columnFractions: columnFractions)))
    try compareWithOracle(builder, &g, tolerance: 0)
  }

  @Test func `8-bit resampling saturates where a fraction leads out of the type`() throws {
    for (type, stored, expected) in [
      (ElementType.uint8, [UInt8(255), 0], [UInt8(255), 255, 0, 0]), (.int8, [127, 128], [127, 127, 128, 128]),
    ] {
      var builder = ProgramBuilder()
      let quantisation = Quantisation(scale: 1, zeroPoint: 0)
      let x = builder.input([1, 1, 2, 1], type, quantisation)
      let y = builder.output([1, 1, 4, 1], type, quantisation)
      builder.append(
        .resize(
          Resize(
            input: x, output: y, rows: builder.constant([Int32(0), 0]), rowFractions: builder.constant([Float(0)]),
            columns: builder.constant([Int32(0), 1, 0, 1, 0, 1, 0, 1]), columnFractions: builder.constant([-0.105, -4096, 1.105, 4096] as [Float]))))
      for instructionSet in CPUInstructionSet.available {
        let input = HostTensor(elementType: type, dimensions: [1, 1, 2, 1], bytes: stored)
        let output = try run(builder.program, builder.weights, [input], CPUOptions(instructionSet: instructionSet))
        #expect(output[0].bytes == expected)
      }
    }
  }
}
