import GoldenCases
import CPUExecution
import ModelGraph
import Operators
import Tensors
import Testing

struct LoweringTests {
  static let cases = GoldenCase.all.filter { !$0.isFoldedOnly }

  @Test(arguments: GoldenCase.all.filter(\.isFoldedOnly)) func `what has no instruction is refused with a reason`(golden: GoldenCase) throws {
    let error = #expect(throws: OperatorError.self) { try LoweredCase(try golden.model(), channelsLast: false) }
    #expect(error?.code == .unsupported)
    #expect(error?.message.isEmpty == false)
  }

  @Test(arguments: cases, [false, true]) func `the lowered operator gives what ONNX Runtime gives, on every instruction set`(
    golden: GoldenCase, channelsLast: Bool
  ) throws {
    let model = try golden.model()
    guard let lowered = try LoweredCase(model, channelsLast: channelsLast) else { return }
    let expected = try golden.outputs()
    for instructionSet in CPUInstructionSet.available {
      for (result, wanted) in zip(try lowered.run(try golden.inputs(), on: instructionSet), expected) {
        #expect(result.dimensions == wanted.dimensions)
        #expect(largestDifference(result, wanted) <= (try golden.allowance(wanted, model)), "\(instructionSet.name)")
      }
    }
  }
}
