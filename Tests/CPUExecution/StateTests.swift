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
}
