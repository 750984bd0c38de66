import ModelGraph
import Operators
import Tensors
import Testing

/// A few bytes of a model must not ask for gigabytes of plan.
struct PlanBoundsTests {
  private func pad(_ mode: String, _ amounts: [Int64]) throws -> [TensorType] {
    let description = OperatorDescription(
      nodeName: "p", opType: "Pad", opset: 13, attributes: ["mode": .string(mode)], inputCount: 2, outputCount: 1)
    let inputs = [
      OperatorInput(type: TensorType(.float32, [2, 3, 4])),
      OperatorInput(type: TensorType(.int64, [6]), constant: HostTensor(amounts, dimensions: [6])),
    ]
    return try Pad(description).outputTypes(for: inputs)
  }

  @Test(arguments: ["reflect", "wrap", "edge"])
  func `mirrored padding has a bound, and sensible padding fits it`(mode: String) throws {
    #expect(try pad(mode, [0, 1, 2, 0, 1, 2])[0].dimensions == [2, 5, 8])
    let error = #expect(throws: OperatorError.self) { try pad(mode, [0, 0, 0, 0, 0, 20_000_000]) }
    #expect(error?.code == .unsupported)
  }

  @Test func `mirroring back and forth on several axes has a bound`() throws {
    let error = #expect(throws: OperatorError.self) { try pad("reflect", [0, 300, 300, 0, 300, 300]) }
    #expect(error?.message.contains("repeats its border too often") == true)
  }
}
