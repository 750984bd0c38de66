import CUDAExecution
import Inference
import ModelFormat
import ProgramBuilding
import Tensors
import Testing

extension CUDATests {
  /// Data-dependent places, orders and running sums, against the scalar kernels, bit for bit.
  @Suite struct Indexing {
    let device = EmulatedDevice.shared!

    /// Few updates, which each element looks through, and many, which each column takes one after the other; some meet, some lie outside.
    @Test(arguments: Scatter.Reduction.allCases, [5, 64, 65, 150])
    func `scattering in the order of the updates, with indices outside left out and counted`(_ reduction: Scatter.Reduction, _ count: Int) throws {
      for (type, inner) in [(ElementType.float32, 1), (.float32, 3), (.uint8, 2), (.uint64, 1), (.int16, 300)] where count < 100 || inner < 100 {
        var g = SeededGenerator(seed: UInt64(count * 10 + inner))
        var builder = ProgramBuilder()
        let (batch, extents) = (2, [3, 4])
        let input = builder.input([batch] + extents + [inner], type)
        let updates = builder.input([batch, count, inner], type)
        let indices = builder.input([batch, count, 2], .int64)
        builder.append(
          .scatter(
            Scatter(
              reduction: reduction, input: input, indices: indices, updates: updates, output: builder.output([batch] + extents + [inner], type),
              batch: Int32(batch), extents: extents.map { Int32($0) }, count: Int32(count), inner: Int32(inner))))
        var places = (0..<batch * count).flatMap { _ in [Int64(g.integer(-3...2)), Int64(g.integer(-4...3))] }
        // Both coordinates of the first, one of the last.
        (places[0], places[1], places[places.count - 1]) = (3, -5, 1 << 40)
        let given = [input, updates].map { g.values(of: builder.program.tensors[Int($0)]) } + [CUDATests.whole(places, [batch, count, 2])]
        try CUDATests.compare(builder, given, "\(type) \(inner)", faults: 3)
        let byColumns = count > 64 || batch * 12 * inner * count > 1 << 18
        #expect(EmulatedDevice.isReal || device.launchCount(of: "swl_cuda_scatter__columns") == (byColumns ? 4 : 0), "\(type) \(inner)")
      }
    }

    /// Values that are often equal, and NaN among them.
    private func repeating(_ g: inout SeededGenerator, _ type: ElementType, _ dimensions: [Int]) -> HostTensor {
      let count = dimensions.reduce(1, *)
      if type == .float32 { return HostTensor((0..<count).map { _ in [0, -0.0, 1, -2, .nan, .infinity][g.integer(0...5)] }, dimensions: dimensions) }
      let bytes = (0..<count).flatMap { _ in [UInt8](repeating: [0, 1, 0x7F, 0x80, 0xFF][g.integer(0...4)], count: type.byteCount) }
      return HostTensor(elementType: type, dimensions: dimensions, bytes: bytes)
    }

    /// Longer ones than 512 share a block's threads among them.
    @Test(arguments: [ElementType.float32, .int8, .uint64, .int64], [1, 9, 512, 513, 1000])
    func `the place of the greatest or least`(_ type: ElementType, _ reduced: Int) throws {
      for (findsLeast, takesLast) in [(false, false), (true, false), (false, true), (true, true)] {
        var g = SeededGenerator(seed: UInt64(reduced))
        var builder = ProgramBuilder()
        let input = builder.input([2, reduced, 3], type)
        builder.append(
          .argReduction(
            ArgReduction(
              input: input, output: builder.output([2, 3], .int64), outer: 2, reduced: Int32(reduced), inner: 3, findsLeast: findsLeast, takesLast: takesLast)))
        try CUDATests.compare(builder, [repeating(&g, type, [2, reduced, 3])], "\(findsLeast) \(takesLast)")
      }
    }

    /// Where all are the least that there is.
    @Test(arguments: [4, 600]) func `the place among equals`(_ reduced: Int) throws {
      for takesLast in [false, true] {
        var builder = ProgramBuilder()
        let input = builder.input([reduced], .int64)
        builder.append(
          .argReduction(
            ArgReduction(
              input: input, output: builder.output([1], .int64), outer: 1, reduced: Int32(reduced), inner: 1, findsLeast: false, takesLast: takesLast)))
        try CUDATests.compare(builder, [CUDATests.whole([Int64](repeating: .min, count: reduced))])
      }
    }

    @Test(arguments: [ElementType.float32, .uint8, .int32], [(1, 1), (7, 3), (40, 40), (300, 5)])
    func `the places of the best, in order`(_ type: ElementType, _ size: (length: Int, count: Int)) throws {
      for findsLeast in [false, true] {
        var g = SeededGenerator(seed: UInt64(size.length))
        var builder = ProgramBuilder()
        let input = builder.input([3, size.length], type)
        builder.append(
          .topK(
            TopK(
              input: input, output: builder.output([3, size.count], .int64), outer: 3, length: Int32(size.length), count: Int32(size.count),
              findsLeast: findsLeast)))
        try CUDATests.compare(builder, [repeating(&g, type, [3, size.length])], "\(findsLeast)")
        try CUDATests.compare(builder, [g.values(of: builder.program.tensors[Int(input)])], "\(findsLeast)")
      }
    }

    @Test(arguments: [ElementType.float32, .uint8, .int32, .uint64], [(1, 1, 1), (2, 9, 3), (1, 100, 1)])
    func `running sums`(_ type: ElementType, _ size: (outer: Int, length: Int, inner: Int)) throws {
      for (isExclusive, isReversed) in [(false, false), (true, false), (false, true), (true, true)] {
        var g = SeededGenerator(seed: UInt64(size.length))
        var builder = ProgramBuilder()
        let dimensions = [size.outer, size.length, size.inner]
        let input = builder.input(dimensions, type)
        builder.append(
          .cumulativeSum(
            CumulativeSum(
              input: input, output: builder.output(dimensions, type), outer: Int32(size.outer), length: Int32(size.length), inner: Int32(size.inner),
              isExclusive: isExclusive, isReversed: isReversed)))
        try CUDATests.compare(builder, [g.values(of: builder.program.tensors[Int(input)])], "\(isExclusive) \(isReversed)")
      }
    }
  }
}
