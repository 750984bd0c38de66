import CPUExecution
import Inference
import ModelFormat
import ProgramBuilding
import Tensors
import Testing

/// Runs a program by the oracle, and by every instruction set this machine has with one, two and three threads: integers
/// must agree bit for bit, floats within `tolerance` × max(1, |expected|), and threads must change nothing at all.
func compareWithOracle(
  _ builder: ProgramBuilder, _ generator: inout SeededGenerator, inputs given: [HostTensor]? = nil, tolerance: Float = 2e-5,
  _ comment: String = "", sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let program = builder.program
  var inputs: [HostTensor] = []
  for (i, port) in program.inputs.enumerated() { inputs.append(given?[i] ?? generator.values(of: program.tensors[Int(port.tensor)])) }
  var oracle = Oracle(program: program, weights: builder.weights)
  let expected = oracle.run(inputs)
  for instructionSet in CPUInstructionSet.available {
    var single: [HostTensor] = []
    for threads in 1...3 {
      var faults: UInt64 = 0
      let outputs = try withSession(program, builder.weights, CPUOptions(threads: threads, instructionSet: instructionSet)) { session in
        let outputs = try run(session, inputs)
        faults = session.faultCount
        return outputs
      }
      #expect(
        faults == oracle.faultCount, "\(instructionSet.name): \(faults) indices outside, expected \(oracle.faultCount). \(comment)",
        sourceLocation: sourceLocation)
      if threads == 1 { single = outputs }
      #expect(outputs == single, "\(instructionSet.name) with \(threads) threads differs from one thread. \(comment)", sourceLocation: sourceLocation)
    }
    for (actual, wanted) in zip(single, expected) {
      let difference = firstDifference(actual, wanted, tolerance)
      #expect(difference == nil, "\(instructionSet.name): \(difference ?? "") \(comment)", sourceLocation: sourceLocation)
    }
  }
}

func run(_ program: Program, _ weights: [UInt8], _ inputs: [HostTensor], _ options: CPUOptions) throws -> [HostTensor] {
  try withSession(program, weights, options) { try run($0, inputs) }
}

private func run(_ session: Session<CPUBackend>, _ inputs: [HostTensor]) throws -> [HostTensor] {
  for (i, tensor) in inputs.enumerated() { try session.setInput(i, to: tensor) }
  session.run()
  return try session.program.outputs.indices.map { try session.rawOutput($0) }
}

func withSession<Result>(_ program: Program, _ weights: [UInt8], _ options: CPUOptions, _ body: (Session<CPUBackend>) throws -> Result) throws -> Result {
  let section = AlignedBytes(count: weights.count)
  for (i, byte) in weights.enumerated() { unsafe section.bytes[i] = byte }
  let result = try body(unsafe Session<CPUBackend>(program: program, weights: UnsafeRawBufferPointer(section.bytes), options: options))
  withExtendedLifetime(section) {}
  return result
}

func firstDifference(_ actual: HostTensor, _ expected: HostTensor, _ tolerance: Float) -> String? {
  guard actual.elementType == expected.elementType, actual.dimensions == expected.dimensions else { return "another shape" }
  guard actual.elementType == .float32 else {
    if actual.elementType == .float16 || actual.elementType == .float64 {
      // Bit for bit, but that any NaN is as good as another.
      let pairs = zip(actual.converted(to: .float64).values(as: Double.self), expected.converted(to: .float64).values(as: Double.self))
      guard let i = Array(pairs).firstIndex(where: { $0.bitPattern != $1.bitPattern && !($0.isNaN && $1.isNaN) }) else { return nil }
      return "element \(i) differs"
    }
    guard let i = actual.bytes.indices.first(where: { actual.bytes[$0] != expected.bytes[$0] }) else { return nil }
    return "byte \(i) is \(actual.bytes[i]), expected \(expected.bytes[i])"
  }
  for (i, (a, e)) in zip(actual.floats(), expected.floats()).enumerated() where a != e && !(a.isNaN && e.isNaN) {
    if !(abs(a - e) <= tolerance * max(1, abs(e))) { return "element \(i) is \(a), expected \(e)" }
  }
  return nil
}
