import CPUExecution
import CUDAExecution
import Inference
import ModelFormat
import ProgramBuilding
import Tensors
import Testing

extension CUDATests {
  /// What sequence models need, against the scalar kernels, bit for bit.
  @Suite struct Sequences {
    let device = EmulatedDevice.shared!

    private func compare(_ builder: ProgramBuilder, _ given: [HostTensor], _ comment: String = "", faults: UInt64 = 0) throws {
      try CUDATests.compare(builder, given, comment, faults: faults)
    }

    private func floats(_ g: inout SeededGenerator, _ dimensions: [Int]) -> HostTensor {
      HostTensor(g.floats(dimensions.reduce(1, *), -2...2), dimensions: dimensions)
    }

    @Test(arguments: [(1, 1, 1, 1), (2, 5, 7, 3), (1, 33, 17, 40), (3, 16, 16, 16), (1, 1, 50, 65)])
    func `products of computed matrices`(_ size: (batch: Int, m: Int, n: Int, k: Int)) throws {
      for isTransposed in [false, true] {
        for sharesRight in [false, true] {
          var g = SeededGenerator(seed: UInt64(size.m * 31 + size.n))
          var builder = ProgramBuilder()
          let (batch, m, n, k) = size
          let rightShape = isTransposed ? [sharesRight ? 1 : batch, n, k] : [sharesRight ? 1 : batch, k, n]
          let left = builder.input([batch, m, k])
          let right = builder.input(rightShape)
          builder.append(
            .matrixProduct(
              MatrixProduct(
                left: left, right: right, output: builder.output([batch, m, n]), batch: Int32(batch), m: Int32(m), n: Int32(n), k: Int32(k),
                leftBatchStride: Int64(m * k), rightBatchStride: sharesRight ? 0 : Int64(k * n), isRightTransposed: isTransposed)))
          try compare(builder, [floats(&g, [batch, m, k]), floats(&g, rightShape)], "\(size) \(isTransposed) \(sharesRight)")
        }
      }
    }

    @Test(arguments: [(1, 1), (3, 15), (9, 16), (17, 100)], [false, true])
    func `rows are normalised`(_ size: (rows: Int, width: Int), _ hasShift: Bool) throws {
      var g = SeededGenerator(seed: UInt64(size.width))
      var builder = ProgramBuilder()
      let input = builder.input([size.rows, size.width])
      let scale = builder.constant(g.floats(size.width, -1...1), [size.width])
      let shift = hasShift ? builder.constant(g.floats(size.width, -1...1), [size.width]) : nil
      builder.append(
        .normalisation(Normalisation(input: input, scale: scale, shift: shift, output: builder.output([size.rows, size.width]), epsilon: 1e-5)))
      try compare(builder, [floats(&g, [size.rows, size.width])])
    }

    @Test(arguments: [false, true]) func `rotations, with positions outside the table counted`(_ isInterleaved: Bool) throws {
      var g = SeededGenerator(seed: 11)
      var builder = ProgramBuilder()
      let (rows, heads, size, pairs, positions) = (5, 3, 10, 4, 6)
      let input = builder.input([rows, heads * size])
      let cosines = builder.constant(g.floats(positions * pairs, -1...1), [positions, pairs])
      let sines = builder.constant(g.floats(positions * pairs, -1...1), [positions, pairs])
      let at = builder.input([rows], .int64)
      builder.append(
        .rotation(
          Rotation(
            input: input, cosines: cosines, sines: sines, rowPositions: at, output: builder.output([rows, heads * size]), heads: Int32(heads),
            isInterleaved: isInterleaved)))
      let values = floats(&g, [rows, heads * size])
      try compare(builder, [values, CUDATests.whole([0, 5, -1, 3, -6])])
      try compare(builder, [values, CUDATests.whole([6, 5, -7, 3, 1 << 40])], faults: 3)
    }

    @Test(arguments: [ElementType.float32, .uint8, .int64]) func `gathering, with indices outside counted`(_ type: ElementType) throws {
      var g = SeededGenerator(seed: 4)
      for (inner, sharesIndices) in [(1, true), (3, true), (3, false)] {
        var builder = ProgramBuilder()
        let (batch, rows, count) = (2, 7, 5)
        let input = builder.input([batch, rows, inner], type)
        let indices = builder.input([sharesIndices ? 1 : batch, count], .int64)
        builder.append(
          .gather(
            Gather(
              input: input, indices: indices, output: builder.output([batch, count, inner], type), batch: Int32(batch), extents: [Int32(rows)],
              count: Int32(count), inner: Int32(inner), sharesIndices: sharesIndices)))
        let values = g.values(of: builder.program.tensors[Int(input)])
        let good: [Int64] = [0, 6, -7, 3, -1, 1, 2, 3, 4, 5]
        try compare(builder, [values, CUDATests.whole(Array(good.prefix(sharesIndices ? 5 : 10)), [sharesIndices ? 1 : 2, 5])], "\(inner) \(sharesIndices)")
        let bad: [Int64] = [7, 6, -8, 3, -1, 1, 2, 3, 4, 5]
        // What both batches read twice is a fault twice.
        try compare(
          builder, [values, CUDATests.whole(Array(bad.prefix(sharesIndices ? 5 : 10)), [sharesIndices ? 1 : 2, 5])], "\(inner) \(sharesIndices)",
          faults: sharesIndices ? 4 : 2)
      }
    }

    /// One query and several, over fewer rows than are there, with one more behind them, and over none.
    /// The emulated device has eight multiprocessors: where four queries a block left some of them without one, each query gets its own.
    @Test(arguments: [(1, 1), (1, 7), (1, 133), (4, 1), (9, 130), (3, 250)])
    func `attention`(_ size: (length: Int, rows: Int)) throws {
      let (heads, head) = (3, 13)
      let width = heads * head
      for count in [nil, 0, 1, Int64(size.rows), 1 << 40, -3, Int64(size.rows / 2)] as [Int64?] {
        // The last of those of one query has keys and values of 16-bit floats.
        for (hasOwn, form) in size.length == 1 ? [(false, .float32), (true, .float32), (true, .float16)] : [(false, ElementType.float32)] {
          var g = SeededGenerator(seed: UInt64(size.rows))
          var builder = ProgramBuilder()
          let queries = builder.input([size.length, width])
          let keys = builder.input([size.rows, width], form)
          let values = builder.input([size.rows, width], form)
          let rows = [0, 1].map { _ in floats(&g, [size.rows, width]).converted(to: form) }
          var inputs = [floats(&g, [size.length, width])] + rows
          var attention = Attention(queries: queries, keys: keys, values: values, output: builder.output([size.length, width]), heads: Int32(heads))
          if hasOwn {
            attention.ownKey = builder.input([1, width])
            attention.ownValue = builder.input([1, width])
            inputs += [floats(&g, [1, width]), floats(&g, [1, width])]
          }
          if let count {
            attention.count = builder.input([1], .int64)
            inputs.append(CUDATests.whole([count], [1]))
          }
          builder.append(.attention(attention))
          try compare(builder, inputs, "\(size) \(String(describing: count)) \(hasOwn) \(form)")
          let kernel = size.length == 1 ? "__alone" : size.length == 9 ? "" : "__each"
          #expect(EmulatedDevice.isReal || device.launchCount(of: "swl_cuda_attention_f32\(kernel)") == 4)
        }
      }
    }

    @Test(arguments: [Reduction.Kind.mean, .sum, .maximum, .minimum, .sumOfSquares, .euclideanNorm, .product, .absoluteSum])
    func `reductions of floats`(_ kind: Reduction.Kind) throws {
      for (outer, reduced, inner) in [(1, 1, 1), (3, 21, 1), (2, 9, 70), (5, 8, 2)] {
        var g = SeededGenerator(seed: UInt64(reduced))
        var builder = ProgramBuilder()
        let input = builder.input([outer, reduced, inner])
        builder.append(
          .reduction(
            Reduction(
              kind: kind, input: input, output: builder.output([outer, 1, inner]), outer: Int32(outer), reduced: Int32(reduced), inner: Int32(inner))))
        try compare(builder, [floats(&g, [outer, reduced, inner])], "\(outer) \(reduced) \(inner)")
      }
    }

    /// One pixel, whose products of even and odd elements the CPU adds up apart, and several.
    @Test(arguments: [(8, 1, 6), (8, 3, 24), (4, 1, 6), (4, 5, 10)], [2, 4, 64])
    func `weights of fewer bits`(_ shape: (bits: Int, pixels: Int, depth: Int), _ group: Int) throws {
      var g = SeededGenerator(seed: UInt64(shape.depth))
      let outputs = 21
      var builder = ProgramBuilder()
      let input = builder.input([1, 1, shape.pixels, shape.depth])
      let rowBytes = shape.bits == 8 ? shape.depth : shape.depth / 2
      let dimensions = [outputs, 1, 1, rowBytes]
      let weights = shape.bits == 8 ? builder.constant(g.weights(outputs * rowBytes), dimensions) : builder.constant(g.bytes(outputs * rowBytes), dimensions)
      let groups = (shape.depth + group - 1) / group
      let scales = builder.constant(g.floats(outputs * groups, 0.01...0.1), [outputs, groups])
      var convolution = Convolution(input: input, weights: weights, output: builder.output([1, 1, shape.pixels, outputs]))
      convolution.bias = builder.constant(g.floats(outputs, -1...1), [outputs])
      convolution.narrow = Convolution.NarrowWeights(bits: Int32(shape.bits), scales: scales, group: Int32(group))
      builder.append(.convolution(convolution))
      try compare(builder, [floats(&g, [1, 1, shape.pixels, shape.depth])], "\(shape) \(group)")
    }
  }
}
