import CPUExecution
import Inference
@testable import ModelCompiler
import ModelFormat
import ModelGraph
import Tensors

/// Compiles a random model with several lists of passes, runs each program by every instruction set that this machine has with
/// one to three threads, and compares all of them with the plain evaluation and with each other.
struct ModelChecker {
  /// Elements compared with the plain evaluation, and those among them that lie on another step of their 8-bit form.
  var comparedCount = 0
  var displacedCount = 0
  /// Programs that compute in integers from the first instruction to the last, where every bit is compared.
  var integerProgramCount = 0
  var programCount = 0

  struct Failure: Error { var message: String }

  private static let lists: [(name: String, passes: [any GraphPass])] = [
    ("unfused", [AbsorbQuantisation()]), ("canonical", PassList.canonical), ("fused", PassList.canonical + PassList.fusion),
  ]

  /// Throws a `Failure` where something differs.
  mutating func check(_ model: RandomModel) throws {
    var integerResults: [HostTensor]?
    for (name, passes) in Self.lists {
      let output: ProgramEmission.Output
      do throws(CompilerError) {
        var graph = try GraphImport.graph(of: model.model)
        try PassList.run(passes, on: &graph)
        output = try ProgramEmission.emit(graph)
      } catch {
        // A form without the canonical passes may lack an instruction; the forms that ship must not.
        if name == "unfused", error.code == .unsupported { continue }
        throw Failure(message: "\(name): refused: \(error.message)")
      }
      programCount += 1
      let isInteger = output.program.isInteger
      if isInteger { integerProgramCount += 1 }
      for instructionSet in CPUInstructionSet.available {
        let results = try run(output, model, instructionSet, name)
        try compare(results, model.outputs, "\(name), \(instructionSet.name)")
        guard isInteger else { continue }
        if let integerResults, integerResults != results {
          throw Failure(message: "\(name), \(instructionSet.name): other bits than the first integer program: \(difference(results, integerResults))")
        }
        integerResults = results
      }
    }
  }

  /// The outputs with one thread, which two and three must not change by a bit.
  private func run(_ output: ProgramEmission.Output, _ model: RandomModel, _ instructionSet: CPUInstructionSet, _ name: String) throws -> [HostTensor] {
    var first: [HostTensor] = []
    for threads in 1...3 {
      let results = try output.run(model.inputs.map(\.tensor), CPUOptions(threads: threads, instructionSet: instructionSet))
      if threads == 1 { first = results }
      guard results.map(\.bytes) == first.map(\.bytes) else { throw Failure(message: "\(name), \(instructionSet.name): \(threads) threads change bits") }
    }
    return first
  }

  private mutating func compare(_ results: [HostTensor], _ expected: [RandomModel.Known], _ what: String) throws {
    for (result, wanted) in zip(results, expected) {
      guard result.elementType == wanted.tensor.elementType, result.dimensions == wanted.dimensions else {
        throw Failure(
          message: "\(what): \(wanted.name) is \(result.elementType.name)\(result.dimensions), expected \(wanted.tensor.elementType.name)\(wanted.dimensions)")
      }
      for (index, (a, e)) in zip(result.floats(), wanted.tensor.floats()).enumerated() where !(a.isNaN && e.isNaN) {
        comparedCount += 1
        guard abs(a - e) <= wanted.error || a == e else {
          throw Failure(message: "\(what): \(wanted.name)[\(index)] of \(wanted.dimensions) is \(a), expected \(e) within \(wanted.error)")
        }
        if wanted.quantum > 0, abs(a - e) > wanted.quantum / 2 { displacedCount += 1 }
      }
    }
  }

  private func difference(_ a: [HostTensor], _ b: [HostTensor]) -> String {
    for (a, b) in zip(a, b) {
      for (index, (x, y)) in zip(a.floats(), b.floats()).enumerated() where x != y { return "element \(index) of \(a.dimensions) is \(x), was \(y)" }
    }
    return "another shape"
  }
}

extension ProgramEmission.Output {
  /// Runs the program once.
  func run(_ inputs: [HostTensor], _ options: CPUOptions) throws -> [HostTensor] {
    let section = AlignedBytes(count: weights.count)
    unsafe section.bytes.copyBytes(from: weights)
    let session = try unsafe Session<CPUBackend>(program: program, weights: UnsafeRawBufferPointer(section.bytes), options: options)
    for (index, tensor) in inputs.enumerated() { try session.setInput(index, to: tensor) }
    session.run()
    let results = try program.outputs.indices.map { try session.output($0) }
    _ = unsafe section.bytes
    return results
  }
}

extension Program {
  /// Whether floats occur only where values come in and go out.
  fileprivate var isInteger: Bool {
    instructions.allSatisfy { instruction in
      switch instruction {
      case .quantise, .dequantise: true
      default: tensors[Int(instruction.written)].elementType.isEightBitInteger
      }
    }
  }
}
