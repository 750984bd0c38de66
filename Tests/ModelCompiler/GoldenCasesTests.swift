import CPUExecution
import GoldenCases
import Inference
import ModelCompiler
import ModelFormat
import ONNX
import Tensors
import Testing

struct GoldenCasesTests {
  /// What has no instruction is refused with its reason; every other case compiles, and runs like ONNX Runtime.
  @Test(arguments: GoldenCase.all) func `a compiled operator gives what ONNX Runtime gives, on every instruction set`(golden: GoldenCase) throws {
    let model = try golden.model()
    let compiled: CompiledModel
    do throws(CompilerError) {
      compiled = try ModelCompilation(model, name: golden.name).compiled()
    } catch {
      #expect(golden.isFoldedOnly, "\(error.message)")
      return
    }
    let weights = AlignedBytes(count: compiled.weights.count)
    unsafe weights.bytes.copyBytes(from: compiled.weights)
    for instructionSet in CPUInstructionSet.available {
      let session = try unsafe Session<CPUBackend>(
        program: compiled.program, weights: UnsafeRawBufferPointer(weights.bytes), options: CPUOptions(threads: 2, instructionSet: instructionSet))
      for (index, input) in try golden.inputs().enumerated() { try session.setInput(index, to: input) }
      session.run()
      for (index, expected) in try golden.outputs().enumerated() {
        let result = try session.output(index)
        #expect(result.elementType == expected.elementType)
        #expect(result.dimensions == expected.dimensions)
        #expect(largestDifference(result, expected) <= (try golden.allowance(expected, model)), "\(instructionSet.name)")
      }
    }
    _ = unsafe weights.bytes
  }
}
