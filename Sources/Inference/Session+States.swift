import ModelFormat
import Tensors

/// An output that becomes an input of the next run, by the ports' names.
public struct SessionState: Equatable, Sendable {
  public var input: String
  public var output: String

  public init(input: String, output: String) {
    self.input = input
    self.output = output
  }
}

/// One state's bytes: where its output lies, where its input does, and where it waits between the two.
@safe struct StateBytes {
  let source: UnsafeRawPointer
  let target: UnsafeMutableRawPointer
  let staging: UnsafeMutableRawPointer
  let byteCount: Int
  /// Of the quantised value that stands for 0.
  let zero: UInt8
}

/// Everything that a session remembers. All states are read before any is written: an output may lie where another state's input does.
final class StateMemory {
  let names: [SessionState]
  let states: [StateBytes]
  private let staging: AlignedBytes

  init(names: [SessionState], states: [StateBytes], staging: consuming AlignedBytes) {
    self.names = names
    self.states = states
    self.staging = staging
  }
}

extension Session where Engine: ~Copyable {
  /// Lets outputs come back as inputs of the next run, beginning with zeros. Whatever is written to such an input before a run takes
  /// the place of what was remembered.
  /// - Throws: `.noSuchPort`; `.shapeMismatch` where an output doesn't lie exactly as its input does; `.noResources` where the states
  ///   are larger than `Program.largestArena`. The session stays as it was then.
  public func carryStates(_ states: [SessionState]) throws(InferenceError) {
    memory = try stateMemory(states, in: program)
    resetStates()
  }

  /// What is to be remembered when `program`, this session's own or one that it is about to take, runs.
  func stateMemory(_ states: [SessionState], in program: Program) throws(InferenceError) -> StateMemory {
    var ports: [(input: Int, output: Int)] = []
    var byteCount = 0
    for state in states {
      let port = try program.ports(of: state)
      guard !ports.contains(where: { $0.input == port.input }) else { throw InferenceError(.noSuchPort, "state '\(state.input)' is given twice") }
      ports.append(port)
      byteCount += program.tensors[Int(program.inputs[port.input].tensor)].byteCount
    }
    guard byteCount <= Program.largestArena else {
      throw InferenceError(.noResources, "the states take \(byteCount) bytes, and \(Program.largestArena) are allowed: carry fewer of them")
    }
    let staging = AlignedBytes(count: byteCount)
    var offset = 0
    var resolved: [StateBytes] = []
    for port in ports {
      let tensor = program.tensors[Int(program.inputs[port.input].tensor)]
      guard let source = unsafe bytes(of: program.tensors[Int(program.outputs[port.output].tensor)]).baseAddress,
        let target = unsafe arenaBytes(of: tensor).baseAddress
      else { continue }
      let place = unsafe staging.bytes.baseAddress! + offset
      unsafe resolved.append(
        StateBytes(
          source: source, target: target, staging: place, byteCount: tensor.byteCount, zero: UInt8(truncatingIfNeeded: tensor.quantisation?.zeroPoint ?? 0)))
      offset += tensor.byteCount
    }
    return StateMemory(names: states, states: resolved, staging: staging)
  }

  /// Forgets: every state is zeros again.
  public func resetStates() {
    guard let memory else { return }
    for state in memory.states { unsafe state.target.initializeMemory(as: UInt8.self, repeating: state.zero, count: state.byteCount) }
  }

  /// Copies each state's output to its input.
  func handOnStates() {
    guard let memory else { return }
    // Counted by hand: an iterator of an unoptimised build allocates.
    var index = 0
    while index < memory.states.count {
      unsafe memory.states[index].staging.copyMemory(from: memory.states[index].source, byteCount: memory.states[index].byteCount)
      index += 1
    }
    while index > 0 {
      index -= 1
      unsafe memory.states[index].target.copyMemory(from: memory.states[index].staging, byteCount: memory.states[index].byteCount)
    }
  }
}

extension Program {
  /// The ports of a state, which carry tensors of one type, layout and quantisation.
  func ports(of state: SessionState) throws(InferenceError) -> (input: Int, output: Int) {
    guard let input = inputs.firstIndex(where: { $0.name == state.input }) else {
      throw InferenceError(.noSuchPort, "state '\(state.input)' is no input of the model")
    }
    guard let output = outputs.firstIndex(where: { $0.name == state.output }) else {
      throw InferenceError(.noSuchPort, "state '\(state.output)' is no output of the model")
    }
    let (from, to) = (tensors[Int(outputs[output].tensor)], tensors[Int(inputs[input].tensor)])
    guard from.elementType == to.elementType, from.dimensions == to.dimensions, from.quantisation == to.quantisation,
      outputs[output].permutation == inputs[input].permutation
    else {
      throw InferenceError(.shapeMismatch, "output '\(state.output)' doesn't lie as state '\(state.input)' does")
    }
    return (input, output)
  }
}
