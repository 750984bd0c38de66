import CPUExecution
import Inference
import ModelFormat
import ProgramBuilding
import Tensors
import Testing

@Suite struct SessionTests {
  /// One identity copy from a physical input to a physical output.
  private func passThrough(_ input: Port, _ output: Port, _ tensors: [TensorDescription]) -> Program {
    let count = Int32(tensors[0].elementCount)
    let copy = StridedCopy(input: 0, output: 1, extents: [count], inputOffset: 0, inputStrides: [1], outputOffset: 0, outputStrides: [1])
    return Program(tensors: tensors, inputs: [input], outputs: [output], instructions: [.copy(copy)], arenaByteCount: 4096)
  }

  private func image(_ type: ElementType, _ quantisation: Quantisation?, offset: Int) -> TensorDescription {
    TensorDescription(name: "image", elementType: type, dimensions: [1, 2, 3, 4], quantisation: quantisation, storage: .arena(offset: offset))
  }

  @Test func `ports change layout on the way in and back on the way out`() throws {
    let port = { (tensor: TensorIndex) in
      Port(name: "image", tensor: tensor, declaredType: .float32, declaredDimensions: [1, 4, 2, 3], permutation: [0, 2, 3, 1])
    }
    let program = passThrough(port(0), port(1), [image(.float32, nil, offset: 0), image(.float32, nil, offset: 1024)])
    let given = HostTensor((0..<24).map { Float($0) }, dimensions: [1, 4, 2, 3])
    try withSession(program, [], CPUOptions()) { session in
      try session.setInput(0, to: given)
      let second = unsafe session.inputBytes(0).loadUnaligned(fromByteOffset: 4, as: Float.self)
      #expect(second == 6, "pixel 0's second channel is the second plane's first value")
      session.run()
      #expect(try session.output(0) == given)
    }
  }

  @Test func `a float port of a quantised tensor quantises and dequantises`() throws {
    let quantisation = Quantisation(scale: 0.5, zeroPoint: -3)
    let port = { (tensor: TensorIndex, type: ElementType) in
      Port(name: "image", tensor: tensor, declaredType: type, declaredDimensions: [1, 2, 3, 4], permutation: [0, 1, 2, 3])
    }
    let program = passThrough(port(0, .float32), port(1, .float32), [image(.int8, quantisation, offset: 0), image(.int8, quantisation, offset: 64)])
    try withSession(program, [], CPUOptions()) { session in
      // Doubles are converted to the declared float32 first.
      try session.setInput(0, to: HostTensor((0..<24).map { Double($0) * 0.25 }, dimensions: [1, 2, 3, 4]))
      session.run()
      let values = try session.output(0).values(as: Float.self)
      #expect(values.prefix(8) == [0, 0, 0.5, 1, 1, 1, 1.5, 2])
      #expect(try session.rawOutput(0).values(as: Int8.self).prefix(4) == [-3, -3, -2, -1])
    }
  }

  @Test func `wrong dimensions and unknown ports are refused`() throws {
    let port = { (tensor: TensorIndex) in
      Port(name: "image", tensor: tensor, declaredType: .float32, declaredDimensions: [1, 2, 3, 4], permutation: [0, 1, 2, 3])
    }
    let program = passThrough(port(0), port(1), [image(.float32, nil, offset: 0), image(.float32, nil, offset: 1024)])
    try withSession(program, [], CPUOptions()) { session in
      let shape = #expect(throws: InferenceError.self) { try session.setInput(0, to: HostTensor([Float](repeating: 0, count: 24), dimensions: [24])) }
      #expect(shape?.code == .shapeMismatch)
      let input = #expect(throws: InferenceError.self) { try session.setInput(1, to: HostTensor([Float(0)], dimensions: [1])) }
      #expect(input?.code == .noSuchPort)
      let output = #expect(throws: InferenceError.self) { try session.output(-1) }
      #expect(output?.code == .noSuchPort)
    }
  }

  @Test func `a malformed program is refused at load`() throws {
    var builder = ProgramBuilder()
    let input = builder.input([8])
    builder.append(.unary(Unary(function: .exp, input: input, output: builder.output([9]))))
    let error = #expect(throws: InferenceError.self) { try withSession(builder.program, builder.weights, CPUOptions()) { _ in } }
    #expect(error?.code == .malformedProgram)
  }

  @Test func `instruction sets that the machine lacks and impossible thread counts are refused`() throws {
    var builder = ProgramBuilder()
    let input = builder.input([8])
    builder.append(.unary(Unary(function: .exp, input: input, output: builder.output([8]))))
    for instructionSet in CPUInstructionSet.allCases where !instructionSet.isAvailable {
      let error = #expect(throws: InferenceError.self) {
        try withSession(builder.program, builder.weights, CPUOptions(instructionSet: instructionSet)) { _ in }
      }
      #expect(error?.code == .unsupported)
    }
    let error = #expect(throws: InferenceError.self) { try withSession(builder.program, builder.weights, CPUOptions(threads: 0)) { _ in } }
    #expect(error?.code == .unsupported)
  }

  /// A program with an instruction of most families, large enough to be shared by threads.
  private func mixedProgram(_ g: inout SeededGenerator) -> ProgramBuilder {
    var builder = ProgramBuilder()
    let input = builder.input([1, 32, 32, 16])
    let quantised = builder.activation([1, 32, 32, 16], .uint8, Quantisation(scale: 0.01, zeroPoint: 128))
    let convolved = builder.activation([1, 32, 32, 24], .int8, Quantisation(scale: 0.05, zeroPoint: 0))
    let real = builder.activation([1, 32, 32, 24])
    let filtered = builder.activation([1, 32, 32, 24])
    builder.append(.quantise(Conversion(input: input, output: quantised)))
    var convolution = Convolution(
      input: quantised, weights: builder.constant(g.weights(24 * 9 * 16), [24, 3, 3, 16]), bias: builder.constant([Int32](repeating: 0, count: 24)),
      output: convolved, padding: Padding(top: 1, left: 1, bottom: 1, right: 1))
    convolution.multipliers = builder.constant([Float](repeating: 0.001, count: 24))
    (convolution.middleLower, convolution.middleUpper) = (-128, 127)
    builder.append(.convolution(convolution))
    builder.append(.dequantise(Conversion(input: convolved, output: real)))
    var depthwise = Convolution(
      input: real, weights: builder.constant(g.floats(24 * 9), [24, 3, 3, 1]), output: filtered, padding: Padding(top: 1, left: 1, bottom: 1, right: 1),
      groups: 24)
    depthwise.function = .silu
    builder.append(.convolution(depthwise))
    let pooled = builder.activation([1, 24])
    builder.append(.reduction(Reduction(kind: .mean, input: filtered, output: pooled, outer: 1, reduced: 1024, inner: 24)))
    builder.append(.softmax(Softmax(input: pooled, output: builder.output([1, 24]))))
    return builder
  }

  @Test(.enabled(if: AllocationCounter.works, "sanitizers bring their own allocator"), arguments: [1, 2, 4])
  func `a run allocates nothing`(_ threads: Int) throws {
    var g = SeededGenerator(seed: 8)
    let builder = mixedProgram(&g)
    try withSession(builder.program, builder.weights, CPUOptions(threads: threads)) { session in
      try session.setInput(0, to: HostTensor(g.floats(32 * 32 * 16), dimensions: [1, 32, 32, 16]))
      session.run()
      var nanoseconds = [UInt64](repeating: 0, count: builder.program.instructions.count)
      let counted = AllocationCounter.count {
        for _ in 0..<20 { session.run() }
        session.run(recording: &nanoseconds)
      }
      #expect(counted == 0)
      #expect(AllocationCounter.count { _ = [Int](repeating: 1, count: 1000).reversed().map { $0 + session.program.arenaByteCount } } > 0, "the counter counts")
      #expect(nanoseconds.allSatisfy { $0 > 0 })
    }
  }

  @Test func `runs repeat exactly, however the team's threads meet`() throws {
    var g = SeededGenerator(seed: 9)
    let builder = mixedProgram(&g)
    let input = HostTensor(g.floats(32 * 32 * 16), dimensions: [1, 32, 32, 16])
    let expected = try run(builder.program, builder.weights, [input], CPUOptions(threads: 1))
    for threads in [2, 3, 7] {
      try withSession(builder.program, builder.weights, CPUOptions(threads: threads)) { session in
        try session.setInput(0, to: input)
        for _ in 0..<100 {
          session.run()
          let output = try session.rawOutput(0)
          if output != expected[0] { Issue.record("\(threads) threads gave another result") }
        }
      }
    }
  }
}
