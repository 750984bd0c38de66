import GoldenCases
import ModelCompiler
@testable import ONNX
import Tensors
import Testing

struct ReferenceEvaluationTests {
  @Test(arguments: GoldenCase.all) func `evaluating a model gives what ONNX Runtime gives`(golden: GoldenCase) throws {
    let model = try golden.model()
    let constants = Set(model.graph.initialisers.map(\.name))
    let names = model.graph.inputs.map(\.name).filter { !constants.contains($0) }
    let results = try ReferenceEvaluation(model).outputs(for: Dictionary(uniqueKeysWithValues: zip(names, golden.inputs())))
    for (result, expected) in zip(results, try golden.outputs()) {
      #expect(result.elementType == expected.elementType && result.dimensions == expected.dimensions)
      #expect(largestDifference(result, expected) <= (try golden.allowance(expected, model)))
    }
  }

  @Test func `a shape that depends on data is no obstacle`() throws {
    var small = SmallModel(inputs: [("x", SmallModel.float, [2, 3]), ("shape", SmallModel.int64, [2])], outputs: ["y"])
    small.append("Reshape", ["x", "shape"], ["y"])
    let x = HostTensor((0..<6).map { Float($0) }, dimensions: [2, 3])
    #expect(try small.evaluated(x, HostTensor([Int64(3), -1], dimensions: [2])) == [x.reshaped(to: [3, 2])])
    #expect(try small.evaluated(x, HostTensor([Int64(-1), 6], dimensions: [2])) == [x.reshaped(to: [1, 6])])
  }

  @Test func `an input stands before the initialiser of its name`() throws {
    var small = SmallModel(
      constants: ["c": HostTensor([Float(10)], dimensions: [1])], inputs: [("x", SmallModel.float, [1]), ("c", SmallModel.float, [1])], outputs: ["y"])
    small.append("Add", ["x", "c"], ["y"])
    let one = HostTensor([Float(1)], dimensions: [1])
    let evaluation = try ReferenceEvaluation(small.model)
    #expect(try evaluation.outputs(for: ["x": one])[0].floats() == [11])
    #expect(try evaluation.outputs(for: ["x": one, "c": one])[0].floats() == [2])
  }

  @Test func `a missing input, a missing producer and a second producer are named`() throws {
    var small = SmallModel(inputs: [("x", SmallModel.float, [1])], outputs: ["y"])
    small.append("Relu", ["x"], ["y"])
    #expect(throws: CompilerError(.invalid, "input 'x' of 'small' is missing")) { try small.evaluated() }
    small.append("Relu", ["ghost"], ["z"])
    small.outputs = ["z"]
    let one = HostTensor([Float(1)], dimensions: [1])
    #expect(throws: CompilerError(.invalid, "node 'n1' (Relu): reads 'ghost', which nothing before it makes")) { try small.evaluated(one) }
    small.nodes[1] = ONNXNode(name: "n1", opType: "Relu", inputs: ["x"], outputs: ["y"])
    small.outputs = ["y"]
    #expect(throws: CompilerError(.invalid, "node 'n1' (Relu): makes 'y' a second time")) { try small.evaluated(one) }
  }

  @Test func `all missing operators are named at once`() throws {
    var small = SmallModel(inputs: [("x", SmallModel.float, [1])], outputs: ["y"])
    small.append("Convv", ["x"], ["a"])
    for index in 0..<4 { small.append("SequenceAt", [index == 0 ? "a" : "s\(index - 1)"], ["s\(index)"]) }
    small.nodes.append(ONNXNode(name: "", opType: "FusedConv", domain: "com.microsoft", inputs: ["s3"], outputs: ["f"]))
    small.nodes.append(ONNXNode(name: "last", opType: "Relu", domain: "my.own", inputs: ["f"], outputs: ["y"]))
    let message = [
      "the model uses operators that this version doesn't have: Convv (1×: 'n0'; nearest is Conv)",
      "SequenceAt (4×: 'n1', 'n2', 'n3' and 1 more; use Split, Concat or Gather on tensors instead of sequences)",
      "com.microsoft.FusedConv (1×: the one that makes 'f'; give the model as it was exported, before ONNX Runtime optimised it)",
      "my.own.Relu (1×: 'last'; ONNX's own Relu is supported: export without the domain my.own)",
    ]
    #expect(throws: CompilerError(.unsupported, message.joined(separator: ", "))) { try ReferenceEvaluation(small.model) }
  }
}

/// If, Loop and Scan on data that only the run knows.
struct EvaluatedControlFlowTests {
  private func body(_ nodes: [ONNXNode], inputs: [String] = [], outputs: [String]) -> ONNXAttribute {
    .graph(
      ONNXGraph(
        name: "body", nodes: nodes, inputs: inputs.map { ONNXValueInfo(name: $0) },
        outputs: outputs.map { ONNXValueInfo(name: $0, dataType: ONNXDataType(rawValue: SmallModel.float), dimensions: [.size(1)]) }))
  }

  private func truth(_ value: Bool) -> HostTensor { HostTensor(elementType: .bool, dimensions: [], bytes: [value ? 1 : 0]) }

  @Test func `the branch that the data choose runs, with the values around it; the other may need what it likes`() throws {
    var small = SmallModel(inputs: [("cond", SmallModel.bool, []), ("x", SmallModel.float, [1])], outputs: ["y"])
    small.append(
      "If", ["cond"], ["y"],
      [
        "then_branch": body([ONNXNode(name: "t", opType: "Neg", inputs: ["x"], outputs: ["t"])], outputs: ["t"]),
        "else_branch": body([ONNXNode(name: "z", opType: "Zork", inputs: ["x"], outputs: ["z"])], outputs: ["z"]),
      ])
    let x = HostTensor([Float(3)], dimensions: [1])
    #expect(try small.evaluated(truth(true), x)[0].floats() == [-3])
    #expect(throws: CompilerError.self) { try small.evaluated(truth(false), x) }
  }

  private func doubling() -> SmallModel {
    var small = SmallModel(
      inputs: [("trips", SmallModel.int64, []), ("cond", SmallModel.bool, []), ("x", SmallModel.float, [1])], outputs: ["last", "all"])
    let nodes = [
      ONNXNode(name: "a", opType: "Add", inputs: ["v", "v"], outputs: ["twice"]),
      ONNXNode(name: "s", opType: "Identity", inputs: ["twice"], outputs: ["scan"]),
      ONNXNode(name: "l", opType: "Less", inputs: ["twice", "limit"], outputs: ["goes"]),
    ]
    small.constants["limit"] = HostTensor([Float(10)], dimensions: [])
    small.append("Loop", ["trips", "cond", "x"], ["last", "all"], ["body": body(nodes, inputs: ["i", "c", "v"], outputs: ["goes", "twice", "scan"])])
    return small
  }

  @Test func `a loop runs until its count or its condition ends it`() throws {
    let x = HostTensor([Float(1)], dimensions: [1])
    func run(_ trips: Int64, _ condition: Bool) throws -> [[Float]] {
      try doubling().evaluated(HostTensor([trips], dimensions: []), truth(condition), x).map { $0.floats() }
    }
    #expect(try run(2, true) == [[4], [2, 4]])
    // 16 is the first that isn't below 10.
    #expect(try run(100, true) == [[16], [2, 4, 8, 16]])
    #expect(try run(100, false) == [[1], []])
  }

  @Test func `a loop without end is refused`() throws {
    var small = SmallModel(inputs: [("x", SmallModel.float, [1])], outputs: ["y"])
    let nodes = [
      ONNXNode(name: "s", opType: "Identity", inputs: ["v"], outputs: ["w"]), ONNXNode(name: "t", opType: "Identity", inputs: ["c"], outputs: ["d"]),
    ]
    small.append("Loop", ["", "", "x"], ["y"], ["body": body(nodes, inputs: ["i", "c", "v"], outputs: ["d", "w"])])
    #expect(throws: CompilerError(.unsupported, "node 'n0' (Loop): runs for more than 262144 iterations, which is the limit")) {
      try small.evaluated(HostTensor([Float(1)], dimensions: [1]))
    }
  }

  @Test func `a scan reads along its axes in its directions`() throws {
    var small = SmallModel(inputs: [("sum", SmallModel.float, []), ("x", SmallModel.float, [2, 3])], outputs: ["total", "sums"])
    let nodes = [
      ONNXNode(name: "r", opType: "ReduceSum", inputs: ["column"], outputs: ["part"], attributes: ["keepdims": .integer(0)]),
      ONNXNode(name: "a", opType: "Add", inputs: ["s", "part"], outputs: ["t"]), ONNXNode(name: "c", opType: "Identity", inputs: ["t"], outputs: ["u"]),
    ]
    small.append(
      "Scan", ["sum", "x"], ["total", "sums"],
      [
        "num_scan_inputs": .integer(1), "scan_input_axes": .integers([1]), "scan_input_directions": .integers([1]),
        "body": body(nodes, inputs: ["s", "column"], outputs: ["t", "u"]),
      ])
    let x = HostTensor([Float(1), 2, 3, 10, 20, 30], dimensions: [2, 3])
    let results = try small.evaluated(HostTensor([Float(0)], dimensions: []), x)
    #expect(results.map { $0.floats() } == [[66], [33, 55, 66]])
  }

  @Test func `a batched scan whose body makes no state is refused`() throws {
    var small = SmallModel(inputs: [("s", SmallModel.float, [1, 1]), ("x", SmallModel.float, [1, 2])], outputs: ["y"], opset: 8)
    small.append("Scan", ["", "s", "x"], ["y"], ["num_scan_inputs": .integer(1), "body": body([], inputs: ["a", "b"], outputs: [])])
    let error = #expect(throws: CompilerError.self) {
      try small.evaluated(HostTensor([Float(0)], dimensions: [1, 1]), HostTensor([Float(1), 2], dimensions: [1, 2]))
    }
    #expect(error?.code == .invalid && error?.message.contains("0 outputs") == true)
  }

  @Test func `loops within loops count together`() throws {
    var small = SmallModel(inputs: [("x", SmallModel.float, [1 << 18, 0])], outputs: ["y"])
    let inner = body([ONNXNode(name: "t", opType: "Identity", inputs: ["c"], outputs: ["d"])], inputs: ["i", "c"], outputs: ["d"])
    let nodes = [
      ONNXNode(name: "inner", opType: "Loop", inputs: ["", ""], outputs: [], attributes: ["body": inner]),
      ONNXNode(name: "o", opType: "Identity", inputs: ["row"], outputs: ["out"]),
    ]
    small.append("Scan", ["x"], ["y"], ["num_scan_inputs": .integer(1), "body": body(nodes, inputs: ["row"], outputs: ["out"])])
    let error = #expect(throws: CompilerError.self) { try small.evaluated(HostTensor([Float](), dimensions: [1 << 18, 0])) }
    #expect(error?.message.contains("node 'inner' (Loop): runs for more than 262144 iterations") == true)
  }
}
