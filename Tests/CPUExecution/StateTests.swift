import CPUExecution
import Inference
import ModelFormat
import Tensors
import Testing

@Suite struct StateTests {
  /// next = state + x, and older = state: a sum, and a register that follows it one run later.
  private func summing(older: TensorIndex = 1) -> Program {
    let tensor = { (offset: Int) in TensorDescription(name: "t", elementType: .float32, dimensions: [4], storage: .arena(offset: offset)) }
    let port = { (name: String, tensor: TensorIndex) in
      Port(name: name, tensor: tensor, declaredType: .float32, declaredDimensions: [4], permutation: [0])
    }
    return Program(
      tensors: [tensor(0), tensor(64), tensor(128), tensor(192)], inputs: [port("x", 0), port("state", 1), port("register", 3)],
      outputs: [port("next", 2), port("older", older)], instructions: [.binary(Binary(operation: .add, left: 1, right: 0, output: 2))], arenaByteCount: 256)
  }

  private let ones = HostTensor([Float](repeating: 1, count: 4), dimensions: [4])

  @Test func `a state comes back in the next run, begins with zeros and can be forgotten`() throws {
    try withSession(summing(), [], CPUOptions()) { session in
      try session.carryStates([SessionState(input: "state", output: "next")])
      for step in 1...3 {
        try session.setInput(0, to: ones)
        session.run()
        #expect(try session.output(0).floats() == [Float](repeating: Float(step), count: 4))
      }
      session.resetStates()
      session.run()
      #expect(try session.output(0) == ones)
      // What is written takes the place of what was remembered.
      try session.setInput(1, to: HostTensor([Float](repeating: 10, count: 4), dimensions: [4]))
      session.run()
      #expect(try session.output(0).floats()[0] == 11)
    }
  }

  @Test func `an output that is another state's input hands on its value of before`() throws {
    try withSession(summing(), [], CPUOptions()) { session in
      try session.carryStates([SessionState(input: "state", output: "next"), SessionState(input: "register", output: "older")])
      for step in 1...3 {
        try session.setInput(0, to: ones)
        session.run()
        let register = unsafe session.inputBytes(2).load(as: Float.self)
        // `older` lies where `state` does: it must be read before `next` overwrites it.
        #expect(register == Float(step - 1))
      }
    }
  }

  @Test(.enabled(if: AllocationCounter.works)) func `running with states allocates nothing`() throws {
    try withSession(summing(), [], CPUOptions()) { session in
      try session.carryStates([SessionState(input: "state", output: "next")])
      session.run()
      let allocations = AllocationCounter.count { for _ in 0..<100 { session.run() } }
      #expect(allocations == 0)
    }
  }

  @Test func `states that don't fit are refused`() throws {
    var program = summing()
    program.tensors[2].dimensions = [2, 2]
    program.outputs[0].declaredDimensions = [2, 2]
    program.outputs[0].permutation = [0, 1]
    program.tensors[1].dimensions = [2, 2]
    program.inputs[1].declaredDimensions = [2, 2]
    program.inputs[1].permutation = [1, 0]
    program.tensors[0].dimensions = [2, 2]
    program.inputs[0].declaredDimensions = [2, 2]
    program.inputs[0].permutation = [0, 1]
    program.outputs[1] = program.outputs[0]
    program.outputs[1].name = "older"
    try withSession(program, [], CPUOptions()) { session in
      for (state, code) in [
        (SessionState(input: "state", output: "next"), InferenceError.Code.shapeMismatch), (SessionState(input: "register", output: "next"), .shapeMismatch),
        (SessionState(input: "x", output: "none"), .noSuchPort), (SessionState(input: "none", output: "next"), .noSuchPort),
      ] {
        let error = #expect(throws: InferenceError.self) { try session.carryStates([state]) }
        #expect(error?.code == code)
      }
    }
  }

  @Test func `states larger than an arena may be are refused`() throws {
    let tensor = TensorDescription(name: "t", elementType: .uint8, dimensions: [1 << 20], storage: .arena(offset: 0))
    let port = { (name: String) in Port(name: name, tensor: 0, declaredType: .uint8, declaredDimensions: [1 << 20], permutation: [0]) }
    let names = (0...1024).map { "s\($0)" }
    let program = Program(tensors: [tensor], inputs: names.map { port($0) }, outputs: [port("out")], instructions: [], arenaByteCount: 1 << 20)
    try withSession(program, [], CPUOptions()) { session in
      let error = #expect(throws: InferenceError.self) { try session.carryStates(names.map { SessionState(input: $0, output: "out") }) }
      #expect(error?.code == .noResources)
    }
  }

  /// A family whose only open dimension is that of the state "s"; its output "o" keeps four elements.
  private func family() throws -> (program: Program, family: ProgramFamily) {
    let program = { (size: Int) in
      let tensor = { (count: Int, offset: Int) in
        TensorDescription(name: "t", elementType: .float32, dimensions: [count], storage: .arena(offset: offset))
      }
      let port = { (name: String, tensor: TensorIndex, count: Int) in
        Port(name: name, tensor: tensor, declaredType: .float32, declaredDimensions: [count], permutation: [0])
      }
      return Program(
        tensors: [tensor(size, 0), tensor(4, 64)], inputs: [port("s", 0, size)], outputs: [port("o", 1, 4)],
        instructions: [.fill(Fill(output: 1, pattern: 0x3F80_0000))], arenaByteCount: 128)
    }
    let (largest, smallest) = (program(4).encoded(), program(2).encoded())
    // 2 + one for each size above 2.
    let patches = largest.indices.filter { largest[$0] != smallest[$0] }.map {
      ProgramFamily.Patch(field: NumberField(offset: $0, byteCount: 1), coefficients: [2, 1, 0])
    }
    let dimension = OpenDimension(name: "n", bounds: 2...4, period: 1, places: [OpenDimension.Place(input: 0, axis: 0)])
    return (program(4), ProgramFamily(dimensions: [dimension], patches: patches, encodedProgram: largest))
  }

  @Test func `a size under which a state no longer fits leaves the session as it was`() throws {
    let (program, family) = try family()
    let session = try unsafe Session<CPUBackend>(
      program: program, family: family, weights: UnsafeRawBufferPointer(start: nil, count: 0), options: CPUOptions())
    try session.carryStates([SessionState(input: "s", output: "o")])
    session.run()
    let error = #expect(throws: InferenceError.self) { try session.bind(sizes: [2]) }
    #expect(error?.code == .shapeMismatch)
    #expect(session.program == program)
    #expect(unsafe session.inputBytes(0).load(as: Float.self) == 1, "the state is remembered")
    try session.bind(sizes: [4])
    #expect(unsafe session.inputBytes(0).load(as: Float.self) == 0, "inputs begin anew")
  }
}
