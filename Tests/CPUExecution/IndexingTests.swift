import CPUExecution
import ModelFormat
import ProgramBuilding
import Tensors
import Testing

@Suite struct IndexingTests {
  private struct Shape {
    var batch, count, inner: Int
    var extents: [Int]
  }

  private func shape(_ g: inout SeededGenerator) -> Shape {
    Shape(
      batch: g.integer(1...4), count: g.integer(1...50), inner: g.flag() ? 1 : g.integer(1...9),
      extents: (0..<g.integer(1...3)).map { _ in g.integer(1...9) })
  }

  /// Coordinates, some from the end; where `faulty`, some outside too.
  private func indices(_ g: inout SeededGenerator, _ extents: [Int], _ rows: Int, faulty: Bool, _ type: ElementType) -> HostTensor {
    let values = (0..<rows).flatMap { _ in
      extents.map { extent in
        if faulty, g.integer(0...5) == 0 { return [Int64(extent), -Int64(extent) - 1, .max, .min, 1 << 40][g.integer(0...4)] }
        return Int64(g.integer(-extent...extent - 1))
      }
    }
    let tensor = HostTensor(values, dimensions: [rows, extents.count])
    return type == .int64 ? tensor : HostTensor(values.map { Int32(clamping: $0) }, dimensions: [rows, extents.count])
  }

  @Test(arguments: 0..<40)
  func `gathers equal the oracle, faults included`(_ seed: Int) throws {
    var g = SeededGenerator(seed: UInt64(seed) + 1)
    let s = shape(&g)
    let type = ElementType.allCases[seed % ElementType.allCases.count]
    let indexType: ElementType = g.flag() ? .int64 : .int32
    let shares = g.flag()
    let rows = (shares ? 1 : s.batch) * s.count
    var builder = ProgramBuilder()
    let x = builder.input([s.batch] + s.extents + [s.inner], type)
    let places = builder.input([rows, s.extents.count], indexType)
    builder.append(
      .gather(
        Gather(
          input: x, indices: places, output: builder.output([s.batch, s.count, s.inner], type), batch: Int32(s.batch), extents: s.extents.map { Int32($0) },
          count: Int32(s.count), inner: Int32(s.inner), sharesIndices: shares)))
    let inputs = [g.extremes(type, [s.batch] + s.extents + [s.inner]), indices(&g, s.extents, rows, faulty: seed % 2 == 0, indexType)]
    try compareWithOracle(builder, &g, inputs: inputs, tolerance: 0, "\(s) \(type.name)")
  }

  @Test(arguments: Scatter.Reduction.allCases, 0..<24)
  func `scatters equal the oracle, duplicates in order and faults left out`(_ reduction: Scatter.Reduction, _ seed: Int) throws {
    var g = SeededGenerator(seed: UInt64(seed) + 90)
    var s = shape(&g)
    if seed == 3 { (s.batch, s.extents, s.inner, s.count) = (2, [3], 4099, 4) }
    let types = ElementType.allCases.filter { reduction == .none || $0 == .float32 || $0.isInteger && $0 != .bool }
    let type = types[seed % types.count]
    let indexType: ElementType = g.flag() ? .int64 : .int32
    let dimensions = [s.batch] + s.extents + [s.inner]
    var builder = ProgramBuilder()
    let x = builder.input(dimensions, type)
    let places = builder.input([s.batch * s.count, s.extents.count], indexType)
    let updates = builder.input([s.batch, s.count, s.inner], type)
    builder.append(
      .scatter(
        Scatter(
          reduction: reduction, input: x, indices: places, updates: updates, output: builder.output(dimensions, type), batch: Int32(s.batch),
          extents: s.extents.map { Int32($0) }, count: Int32(s.count), inner: Int32(s.inner))))
    let inputs = [
      g.extremes(type, dimensions), indices(&g, s.extents, s.batch * s.count, faulty: seed % 2 == 0, indexType), g.extremes(type, [s.batch, s.count, s.inner]),
    ]
    try compareWithOracle(builder, &g, inputs: inputs, tolerance: 0, "\(s) \(type.name)")
  }

  static let choosable = ElementType.allCases.filter { $0 != .float16 && $0 != .float64 }

  @Test(arguments: choosable, 0..<4)
  func `positions of extremes equal the oracle, ties and NaN included`(_ type: ElementType, _ form: Int) throws {
    var g = SeededGenerator(seed: UInt64(type.rawValue) + 7)
    for (outer, reduced, inner) in [(2, 9, 70), (2, 1, 5), (4, 33, 1), (1, 700, 1)] {
      var builder = ProgramBuilder()
      let x = builder.input([outer, reduced, inner], type)
      builder.append(
        .argReduction(
          ArgReduction(
            input: x, output: builder.output([outer, inner], .int64), outer: Int32(outer), reduced: Int32(reduced), inner: Int32(inner),
            findsLeast: form & 1 != 0, takesLast: form & 2 != 0)))
      try compareWithOracle(builder, &g, inputs: [g.extremes(type, [outer, reduced, inner])], "\(outer) \(reduced) \(inner)")
    }
  }

  @Test(arguments: choosable, [false, true])
  func `the best of each row come in order, ties by position`(_ type: ElementType, _ findsLeast: Bool) throws {
    var g = SeededGenerator(seed: UInt64(type.rawValue) + 17)
    for (outer, length, count) in [(3, 49, 7), (2, 1, 1), (4, 33, 33), (1, 900, 100), (20, 3, 2), (2, 300, 1)] {
      var builder = ProgramBuilder()
      let x = builder.input([outer, length], type)
      builder.append(
        .topK(
          TopK(
            input: x, output: builder.output([outer, count], .int64), outer: Int32(outer), length: Int32(length), count: Int32(count),
            findsLeast: findsLeast)))
      try compareWithOracle(builder, &g, inputs: [g.extremes(type, [outer, length])], "\(outer) \(length) \(count)")
    }
  }

  @Test func `a session counts indices that lie outside, run after run`() throws {
    var builder = ProgramBuilder()
    let x = builder.input([4, 2])
    let places = builder.input([3], .int64)
    builder.append(
      .gather(Gather(input: x, indices: places, output: builder.output([3, 2]), batch: 1, extents: [4], count: 3, inner: 2, sharesIndices: true)))
    try withSession(builder.program, builder.weights, CPUOptions()) { session in
      try session.setInput(0, to: HostTensor((0..<8).map { Float($0) }, dimensions: [4, 2]))
      try session.setInput(1, to: HostTensor([Int64(0), -1, 3], dimensions: [3]))
      session.run()
      #expect(session.faultCount == 0)
      #expect(try session.output(0).floats() == [0, 1, 6, 7, 6, 7])
      try session.setInput(1, to: HostTensor([Int64(9), -9, 1], dimensions: [3]))
      session.run()
      #expect(session.faultCount == 2)
      #expect(try session.output(0).floats() == [6, 7, 0, 1, 2, 3])
      session.run()
      #expect(session.faultCount == 4)
    }
  }

  @Test(arguments: [1, 3]) func `a run over computed indices allocates nothing`(_ threads: Int) throws {
    guard AllocationCounter.works else { return }
    var g = SeededGenerator(seed: 2)
    var builder = ProgramBuilder()
    let x = builder.input([48, 300])
    let order = builder.activation([48, 40], .int64)
    let best = builder.activation([48, 40])
    let narrow = builder.activation([48, 40], .int32)
    let isEven = builder.activation([48, 40], .bool)
    let two = builder.constant([Int32(2)])
    let zero = builder.constant([Int32(0)])
    let rests = builder.activation([48, 40], .int32)
    let nothing = builder.constant([Float(0)])
    let chosen = builder.activation([48, 40])
    builder.append(.topK(TopK(input: x, output: order, outer: 48, length: 300, count: 40)))
    builder.append(.gather(Gather(input: x, indices: order, output: best, batch: 48, extents: [300], count: 40, inner: 1, sharesIndices: false)))
    builder.append(.cast(Conversion(input: order, output: narrow)))
    builder.append(.arithmetic(Arithmetic(operation: .modulo, left: narrow, right: two, output: rests)))
    builder.append(.arithmetic(Arithmetic(operation: .equal, left: rests, right: zero, output: isEven)))
    builder.append(.select(Select(condition: isEven, onTrue: best, onFalse: nothing, output: chosen)))
    builder.append(
      .scatter(
        Scatter(
          reduction: .add, input: x, indices: order, updates: chosen, output: builder.output([48, 300]), batch: 48, extents: [300], count: 40, inner: 1)))
    builder.append(.argReduction(ArgReduction(input: x, output: builder.output([48], .int64), outer: 48, reduced: 300, inner: 1)))
    builder.append(.cumulativeSum(CumulativeSum(input: rests, output: builder.output([48, 40], .int32), outer: 48, length: 40, inner: 1)))
    let values = HostTensor(g.floats(14400), dimensions: [48, 300])
    if threads == 1 { try compareWithOracle(builder, &g, inputs: [values], tolerance: 0) }
    try withSession(builder.program, builder.weights, CPUOptions(threads: threads)) { session in
      try session.setInput(0, to: values)
      session.run()
      let counted = AllocationCounter.count { for _ in 0..<10 { session.run() } }
      #expect(counted == 0)
      #expect(session.faultCount == 0)
    }
  }
}
