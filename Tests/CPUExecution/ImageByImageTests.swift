import Inference
import ModelFormat
import ProgramBuilding
import Tensors
import Testing

@testable import CPUExecution

/// Batches of which one image after the other is computed.
@Suite struct ImageByImageTests {
  /// Eight images that are large enough to be better computed singly, and what is left of them: 16×16 pixels of 8 channels.
  private func images(_ builder: inout ProgramBuilder, batch: Int = 8) -> TensorIndex {
    let input = builder.input([batch, 64, 64, 8])
    let changed = builder.activation([batch, 64, 64, 8]), pooled = builder.activation([batch, 16, 16, 8])
    builder.append(.unary(Unary(function: .tanh, input: input, output: changed)))
    builder.append(.pooling(Pooling(kind: .maximum, input: changed, output: pooled, kernel: HeightWidth(4, 4), strides: HeightWidth(4, 4), padding: .zero)))
    return pooled
  }

  private let wide = Quantisation(scale: 0.02, zeroPoint: 3)

  private func convolved(
    _ builder: inout ProgramBuilder, _ g: inout SeededGenerator, _ input: TensorIndex, channels: (Int, Int), size: Int, kernel: Int, groups: Int = 1,
    batch: [Int] = [8, 16, 16], residual: TensorIndex? = nil
  ) -> TensorIndex {
    let output = builder.activation(batch + [channels.1], .int8, wide)
    let depth = kernel * kernel * channels.0 / groups, pad = Int32(kernel / 2)
    var fields = Convolution(
      input: input, weights: builder.constant(g.weights(channels.1 * depth), [channels.1, kernel, kernel, channels.0 / groups]),
      bias: builder.constant((0..<channels.1).map { Int32($0 * 50) }), output: output, padding: Padding(top: pad, left: pad, bottom: pad, right: pad),
      groups: Int32(groups))
    fields.multipliers = builder.constant([Float](repeating: 0.5 / Float(depth * 40), count: channels.1))
    (fields.middleZeroPoint, fields.middleLower, fields.middleUpper, fields.tableZeroPoint) = (3, -128, 127, 3)
    fields.middleScale = 0.02
    (fields.outputLower, fields.outputUpper) = (-128, 127)
    fields.residual = residual
    builder.append(.convolution(fields))
    return output
  }

  @Test func `images of a batch come out as the oracle computes them together`() throws {
    var g = SeededGenerator(seed: 71)
    var b = ProgramBuilder()
    let pooled = images(&b)
    let quantised = b.activation([8, 16, 16, 8], .uint8, Quantisation(scale: 0.01, zeroPoint: 120))
    b.append(.quantise(Conversion(input: pooled, output: quantised)))
    let expanded = convolved(&b, &g, quantised, channels: (8, 32), size: 16, kernel: 3)
    let filtered = convolved(&b, &g, expanded, channels: (32, 32), size: 16, kernel: 5, groups: 32)
    let added = convolved(&b, &g, filtered, channels: (32, 32), size: 16, kernel: 1, residual: expanded)
    // Channels side by side, by two copies into one tensor.
    let joined = b.activation([8, 16, 16, 64], .int8, wide)
    for (part, source) in [added, filtered].enumerated() {
      b.append(
        .copy(
          StridedCopy(
            input: source, output: joined, extents: [8, 256, 32], inputOffset: 0, inputStrides: [8192, 32, 1], outputOffset: Int64(32 * part),
            outputStrides: [16384, 64, 1])))
    }
    let looked = b.activation([8, 16, 16, 64], .int8, wide)
    b.append(.lookup(Lookup(input: joined, table: b.constant(g.bytes(256)), output: looked)))
    let real = b.activation([8, 16, 16, 64]), scaled = b.activation([8, 16, 16, 64])
    b.append(.dequantise(Conversion(input: looked, output: real)))
    b.append(.binary(Binary(operation: .multiply, left: real, right: b.constant(g.floats(64)), output: scaled)))
    let gated = b.activation([8, 16, 16, 64]), mean = b.activation([8, 1, 1, 64])
    b.append(.reduction(Reduction(kind: .mean, input: scaled, output: mean, outer: 8, reduced: 256, inner: 64)))
    b.append(.binary(Binary(operation: .add, left: scaled, right: mean, output: gated)))
    let last = b.activation([8, 64])
    b.append(.reduction(Reduction(kind: .maximum, input: gated, output: last, outer: 8, reduced: 256, inner: 64)))
    b.append(.softmax(Softmax(input: last, output: b.output([8, 64]))))
    #expect(b.program.imageByImage(threads: 1)?.count == 8)
    try compareWithOracle(b, &g)
    // One more output, of running sums, has all of it computed together: the same bits.
    var whole = b
    whole.append(.cumulativeSum(CumulativeSum(input: last, output: whole.output([8, 64]), outer: 1, length: 8, inner: 64)))
    #expect(whole.program.imageByImage(threads: 1) == nil)
    let input = [g.values(of: b.program.tensors[0])]
    for instructionSet in CPUInstructionSet.available {
      let options = CPUOptions(threads: 2, instructionSet: instructionSet)
      #expect(try run(b.program, b.weights, input, options)[0] == run(whole.program, whole.weights, input, options)[0])
    }
  }

  /// A matrix product over the batch has its rows where a convolution has its columns.
  @Test func `rows of a matrix product are images, too`() throws {
    var g = SeededGenerator(seed: 72)
    var b = ProgramBuilder()
    let pooled = images(&b)
    let mean = b.activation([8, 8]), output = b.output([1, 1, 8, 12])
    b.append(.reduction(Reduction(kind: .mean, input: pooled, output: mean, outer: 8, reduced: 256, inner: 8)))
    let row = b.activation([1, 1, 8, 8])
    b.append(.unary(Unary(function: .exp, input: mean, output: row)))
    b.append(.convolution(Convolution(input: row, weights: b.constant(g.floats(96), [12, 1, 1, 8]), output: output)))
    #expect(b.program.imageByImage(threads: 1)?.count == 8)
    try compareWithOracle(b, &g)
  }

  /// What lies between ports is written again by each image; what lies exactly where a port does, the port itself too, has each image's own part of it.
  @Test func `memory that tensors share in turns is shared by images, too`() throws {
    var g = SeededGenerator(seed: 73)
    var b = ProgramBuilder()
    let pooled = images(&b)
    let other = b.activation([8, 16, 16, 8]), third = b.activation([8, 16, 16, 8]), small = b.output([8, 16, 16, 8])
    b.append(.unary(Unary(function: .exp, input: pooled, output: other)))
    b.append(.unary(Unary(function: .tanh, input: other, output: third)))
    b.append(.binary(Binary(operation: .add, left: third, right: other, output: small)))
    let late = b.activation([8, 64, 64, 8]), large = b.output([8, 64, 64, 8])
    b.append(.unary(Unary(function: .exp, input: 1, output: late)))
    b.append(.unary(Unary(function: .tanh, input: late, output: large)))
    var program = b.program
    let input = [g.values(of: program.tensors[0])]
    func agrees(_ program: Program) throws {
      #expect(program.imageByImage(threads: 1)?.count == 8)
      var oracle = Oracle(program: program, weights: b.weights)
      let expected = oracle.run(input)
      for threads in 1...2 {
        let own = try run(program, b.weights, input, CPUOptions(threads: threads))
        for (actual, wanted) in zip(own, expected) { #expect(firstDifference(actual, wanted, 2e-5) == nil) }
      }
    }
    // `third` where `pooled` lay, `late` where the input did.
    program.tensors[Int(third)].storage = program.tensors[Int(pooled)].storage
    program.tensors[Int(late)].storage = program.tensors[0].storage
    try agrees(program)
    // An output there, in as many bytes; then in fewer, where another image's input lies.
    program.tensors[Int(late)].storage = b.program.tensors[Int(late)].storage
    program.tensors[Int(large)].storage = program.tensors[0].storage
    try agrees(program)
    program.tensors[Int(large)].storage = b.program.tensors[Int(large)].storage
    program.tensors[Int(small)].storage = program.tensors[0].storage
    #expect(program.imageByImage(threads: 1) == nil)
  }

  @Test func `what mixes images, or might, is computed together`() throws {
    var g = SeededGenerator(seed: 74)
    func refuses(_ what: Comment, batch: Int = 8, _ make: (inout ProgramBuilder, TensorIndex) -> Void) throws {
      var b = ProgramBuilder()
      let pooled = images(&b, batch: batch)
      make(&b, pooled)
      #expect(b.program.imageByImage(threads: 1) == nil, what)
      try compareWithOracle(b, &g)
    }
    try refuses("the maximum over all images") { b, pooled in
      b.append(.reduction(Reduction(kind: .maximum, input: pooled, output: b.output([1, 2048]), outer: 1, reduced: 8, inner: 2048)))
    }
    try refuses("a constant for each image") { b, pooled in
      let constant = b.constant((0..<8).map { Float($0) }, [8, 1, 1, 1])
      b.append(.binary(Binary(operation: .add, left: pooled, right: constant, output: b.output([8, 16, 16, 8]))))
    }
    try refuses("images in another order") { b, pooled in
      let copy = StridedCopy(
        input: pooled, output: b.output([8, 16, 16, 8]), extents: [8, 2048], inputOffset: 7 * 2048, inputStrides: [-2048, 1], outputOffset: 0,
        outputStrides: [2048, 1])
      b.append(.copy(copy))
    }
    try refuses("images side by side") { b, pooled in
      let copy = StridedCopy(
        input: pooled, output: b.output([16, 8, 16, 8]), extents: [8, 16, 128], inputOffset: 0, inputStrides: [2048, 128, 1], outputOffset: 0,
        outputStrides: [128, 1024, 1])
      b.append(.copy(copy))
    }
    try refuses("windows over rows that are images") { b, pooled in
      let mean = b.activation([1, 8, 8, 1])
      b.append(.reduction(Reduction(kind: .mean, input: pooled, output: mean, outer: 8, reduced: 256, inner: 8)))
      let padding = Padding(top: 1, left: 1, bottom: 1, right: 1)
      let weights = b.constant((0..<9).map { Float($0) }, [1, 3, 3, 1])
      b.append(.convolution(Convolution(input: mean, weights: weights, output: b.output([1, 8, 8, 1]), padding: padding)))
    }
    try refuses("an operand of one image") { b, pooled in
      let one = b.input([1, 16, 16, 8])
      b.append(.binary(Binary(operation: .add, left: pooled, right: one, output: b.output([8, 16, 16, 8]))))
    }
    try refuses("a pointwise output of fewer rows than images") { b, pooled in
      let mean = b.activation([8, 8]), rows = b.activation([1, 16, 1, 4])
      b.append(.reduction(Reduction(kind: .mean, input: pooled, output: mean, outer: 8, reduced: 256, inner: 8)))
      b.append(.unary(Unary(function: .exp, input: mean, output: rows)))
      b.append(.convolution(Convolution(input: rows, weights: b.constant((0..<8).map { Float($0) }, [2, 1, 1, 4]), output: b.output([1, 8, 1, 2]))))
    }
    try refuses("rows of every second image") { b, pooled in
      let copy = StridedCopy(
        input: pooled, output: b.output([8, 4]), extents: [8, 4], inputOffset: 0, inputStrides: [2, 4096], outputOffset: 0, outputStrides: [4, 1])
      b.append(.copy(copy))
    }
    try refuses("running sums") { b, pooled in
      b.append(.cumulativeSum(CumulativeSum(input: pooled, output: b.output([8, 16, 16, 8]), outer: 1, length: 8, inner: 2048)))
    }
    try refuses("one image", batch: 1) { b, pooled in
      b.append(.unary(Unary(function: .exp, input: pooled, output: b.output([1, 16, 16, 8]))))
    }
  }

  @Test func `small batches, heavy weights and very many images are computed together`() {
    var g = SeededGenerator(seed: 75)
    var b = ProgramBuilder()
    let small = b.input([8, 16, 16, 8])
    b.append(.unary(Unary(function: .exp, input: small, output: b.output([8, 16, 16, 8]))))
    #expect(b.program.imageByImage(threads: 1) == nil && b.program.singly(8)?.count == 8)
    var many = ProgramBuilder()
    let dots = many.input([1 << 15, 8])
    many.append(.unary(Unary(function: .exp, input: dots, output: many.output([1 << 15, 8]))))
    #expect(many.program.imageByImage(threads: 1) == nil, "as many steps as images")
    var heavy = ProgramBuilder()
    let pooled = images(&heavy)
    let weights = heavy.constant(g.floats(1 << 18), [512, 8, 8, 8])
    heavy.append(.convolution(Convolution(input: pooled, weights: weights, output: heavy.output([8, 9, 9, 512]))))
    #expect(heavy.program.imageByImage(threads: 1) == nil && heavy.program.singly(8)?.count == 8)
  }
}
