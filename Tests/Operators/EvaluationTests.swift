import GoldenCases
import ModelGraph
import ONNX
import Operators
import Tensors
import Testing

struct EvaluationTests {
  @Test func `there are golden cases, and every operator has one`() {
    let covered = Set(GoldenCase.all.map(\.operatorName))
    let missing = OperatorCatalog.all.flatMap { $0.names }.filter { !covered.contains($0) }
    #expect(missing.isEmpty)
  }

  @Test(arguments: GoldenCase.all) func `plain evaluation gives what ONNX Runtime gives`(golden: GoldenCase) throws {
    let model = try golden.model()
    var values = Dictionary(uniqueKeysWithValues: model.graph.initialisers.map { ($0.name, $0.tensor) })
    for (info, tensor) in zip(model.graph.inputs, try golden.inputs()) { values[info.name] = tensor }
    for node in model.graph.nodes {
      let operation = try node.operation(in: model)
      let inputs = node.inputs.map { $0.isEmpty ? nil : values[$0] }
      let outputs = try operation.evaluate(inputs)
      let types = try operation.outputTypes(for: inputs.map { $0.map { OperatorInput(type: TensorType($0.elementType, $0.dimensions), constant: $0) } })
      for (index, name) in node.outputs.enumerated() {
        #expect(types[index] == TensorType(outputs[index].elementType, outputs[index].dimensions))
        values[name] = outputs[index]
      }
    }
    for (info, expected) in zip(model.graph.outputs, try golden.outputs()) {
      let result = try #require(values[info.name])
      #expect(result.elementType == expected.elementType)
      #expect(result.dimensions == expected.dimensions)
      guard result.dimensions == expected.dimensions else { continue }
      let difference = largestDifference(result, expected)
      #expect(difference <= (try golden.allowance(expected, model)))
    }
  }
}
