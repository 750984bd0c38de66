import ModelFormat
import ProgramBuilding
import Tensors
import Testing

@Suite struct ReductionTests {
  @Test(
    arguments: [Reduction.Kind.mean, .sum, .maximum, .minimum, .sumOfSquares, .euclideanNorm], [(3, 49, 70), (2, 1, 5), (4, 33, 1), (1, 5000, 1), (70, 3, 2)])
  func `reductions equal the oracle`(_ kind: Reduction.Kind, _ shape: (Int, Int, Int)) throws {
    var g = SeededGenerator(seed: 4)
    for type in [ElementType.float32, .uint8, .int8] {
      if type != .float32 && ![.mean, .maximum, .minimum].contains(kind) { continue }
      let quantisation = type == .float32 ? nil : g.quantisation(type)
      var builder = ProgramBuilder()
      let input = builder.input([shape.0, shape.1, shape.2], type, quantisation)
      let finer = kind == .mean ? quantisation.map { Quantisation(scale: $0.scale / 5, zeroPoint: 3) } : quantisation
      let output = builder.output([shape.0, shape.2], type, finer)
      builder.append(
        .reduction(Reduction(kind: kind, input: input, output: output, outer: Int32(shape.0), reduced: Int32(shape.1), inner: Int32(shape.2))))
      try compareWithOracle(builder, &g, tolerance: 1e-6, "\(shape) \(type.name)")
    }
  }

  @Test(arguments: [Pooling.Kind.maximum, .average], 0..<24)
  func `pooling equals the oracle`(_ kind: Pooling.Kind, _ seed: Int) throws {
    var g = SeededGenerator(seed: UInt64(seed) + 100)
    let type: ElementType = seed % 2 == 0 ? .float32 : g.eightBitType()
    let quantisation = type == .float32 ? nil : g.quantisation(type)
    let kernel = (g.integer(1...5), g.integer(1...5))
    let strides = (g.integer(1...3), g.integer(1...3))
    let dilations = seed % 3 == 0 ? (2, 2) : (1, 1)
    let pad = (g.integer(0...2), g.integer(0...2), g.integer(0...2), g.integer(0...2))
    let extent = ((kernel.0 - 1) * dilations.0 + 1, (kernel.1 - 1) * dilations.1 + 1)
    let input = [g.integer(1...2), extent.0 + g.integer(0...9), extent.1 + g.integer(0...9), g.integer(1...40)]
    // Rounded up in every other case, so that the last window hangs over the end.
    let roundsUp = seed % 4 > 1
    let output = [
      input[0], (input[1] + pad.0 + pad.2 - extent.0 + (roundsUp ? strides.0 - 1 : 0)) / strides.0 + 1,
      (input[2] + pad.1 + pad.3 - extent.1 + (roundsUp ? strides.1 - 1 : 0)) / strides.1 + 1, input[3],
    ]
    var builder = ProgramBuilder()
    let finer = kind == .average ? quantisation.map { Quantisation(scale: $0.scale / 3, zeroPoint: 7) } : quantisation
    let x = builder.input(input, type, quantisation)
    let y = builder.output(output, type, finer)
    builder.append(
      .pooling(
        Pooling(
          kind: kind, input: x, output: y, kernel: HeightWidth(Int32(kernel.0), Int32(kernel.1)), strides: HeightWidth(Int32(strides.0), Int32(strides.1)),
          dilations: HeightWidth(Int32(dilations.0), Int32(dilations.1)),
          padding: Padding(top: Int32(pad.0), left: Int32(pad.1), bottom: Int32(pad.2), right: Int32(pad.3)), countsPadding: seed % 5 == 0)))
    try compareWithOracle(builder, &g, tolerance: 2e-6, "\(input) \(output)")
  }

  @Test(arguments: 0..<16)
  func `matrix products equal the oracle`(_ seed: Int) throws {
    var g = SeededGenerator(seed: UInt64(seed) + 40)
    let (batch, m, n, k) = (g.integer(1...3), g.integer(1...20), g.integer(1...40), g.integer(1...70))
    let repeats = g.flag()
    let isTransposed = g.flag()
    var builder = ProgramBuilder()
    let left = builder.input([batch, m, k])
    let right = builder.input([repeats ? 1 : batch, k, n])
    builder.append(
      .matrixProduct(
        MatrixProduct(
          left: left, right: right, output: builder.output([batch, m, n]), batch: Int32(batch), m: Int32(m), n: Int32(n), k: Int32(k),
          leftBatchStride: Int64(m * k), rightBatchStride: repeats ? 0 : Int64(k * n), isRightTransposed: isTransposed)))
    try compareWithOracle(builder, &g, tolerance: 1e-5)
  }
}
