import CPUExecution
import ModelGraph
import Operators
import Tensors
import Testing

struct LoweringTests {
  /// Operators that only fold, and the quantise pair, which passes absorb.
  static let foldedOnly: Set<String> = [
    "And", "Cast", "DequantizeLinear", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Not", "Or", "QuantizeLinear", "Where",
  ]
  /// Arithmetic on whole numbers has no instruction; moving them has.
  static let integerArithmetic: Set<String> = ["Abs", "Add", "Clip", "Div", "Mul", "Neg", "Pow", "ReduceMax", "ReduceSum", "Sub"]

  static func isFoldedOnly(_ golden: GoldenCase) -> Bool {
    foldedOnly.contains(golden.operatorName) || integerArithmetic.contains(golden.operatorName) && golden.name.hasSuffix("-integers")
  }

  static let cases = GoldenCase.all.filter { !isFoldedOnly($0) }

  @Test(arguments: GoldenCase.all.filter { isFoldedOnly($0) }) func `what has no instruction is refused with a reason`(golden: GoldenCase) throws {
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
