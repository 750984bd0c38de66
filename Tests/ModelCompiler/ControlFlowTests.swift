@testable import ModelCompiler
@testable import ONNX
import Tensors
import Testing

struct ControlFlowTests {
  private func body(_ name: String, inputs: [String] = [], outputs: [String], _ nodes: [ONNXNode], constants: [String: HostTensor] = [:]) -> ONNXAttribute {
    .graph(
      ONNXGraph(
        name: name, nodes: nodes, initialisers: constants.sorted { $0.key < $1.key }.map { ONNXInitialiser(name: $0.key, tensor: $0.value) },
        inputs: inputs.map { ONNXValueInfo(name: $0) }, outputs: outputs.map { ONNXValueInfo(name: $0) }))
  }

  private func node(_ type: String, _ inputs: [String], _ outputs: [String], _ attributes: [String: ONNXAttribute] = [:]) -> ONNXNode {
    ONNXNode(name: "\(type) \(outputs[0])", opType: type, inputs: inputs, outputs: outputs, attributes: attributes)
  }

  private func truth(_ value: Bool) -> HostTensor { HostTensor(elementType: .bool, dimensions: [], bytes: [value ? 1 : 0]) }
  private func scalar(_ value: Int64) -> HostTensor { HostTensor([value], dimensions: []) }
  private let x = HostTensor([Float(1), -2, 3], dimensions: [3])

  @Test(arguments: [true, false]) func `an If whose condition is known is its branch`(condition: Bool) throws {
    var model = SmallModel(inputs: [("x", SmallModel.float, [3])], outputs: ["y"])
    model.constants = ["c": truth(condition)]
    // Both branches call what they make 'r', and read the outer 'x'.
    model.nodes = [
      node(
        "If", ["c"], ["y"],
        [
          "then_branch": body("then", outputs: ["r"], [node("Neg", ["x"], ["r"])]),
          "else_branch": body("else", outputs: ["r"], [node("NoSuchOperator", ["x"], ["q"]), node("Abs", ["x"], ["r"])].suffix(condition ? 2 : 1)),
        ])
    ]
    #expect(try model.run(x)[0].floats() == (condition ? [-1, 2, -3] : [1, 2, 3]))
  }

  @Test func `a condition that is computed with branches of different shapes is refused by name`() throws {
    var model = SmallModel(inputs: [("x", SmallModel.float, [3]), ("c", 9, [])], outputs: ["y"])
    model.constants = ["first": HostTensor([Int64(0)], dimensions: [1])]
    model.nodes = [
      node(
        "If", ["c"], ["y"],
        [
          "then_branch": body("then", outputs: ["r"], [node("Neg", ["x"], ["r"])]),
          "else_branch": body("else", outputs: ["r"], [node("Unsqueeze", ["x", "first"], ["r"])]),
        ])
    ]
    let error = #expect(throws: CompilerError.self) { try model.compiled() }
    #expect(error?.code == .unsupported && error?.message.contains("(If)") == true && error?.message.contains("--constant") == true)
  }

  @Test func `a Loop of known length is written out, its values carried and its scans stacked`() throws {
    var model = SmallModel(inputs: [("x", SmallModel.float, [3])], outputs: ["sum", "scans"])
    model.constants = ["trips": scalar(3), "one": HostTensor([Float(1), 1, 1], dimensions: [3])]
    // carried += x; scans carried before; the inner 'one' hides the outer one.
    model.nodes = [
      node(
        "Loop", ["trips", "", "one"], ["sum", "scans"],
        [
          "body": body(
            "body", inputs: ["i", "goes", "one"], outputs: ["on", "more", "seen"],
            [node("Identity", ["goes"], ["on"]), node("Add", ["one", "x"], ["more"]), node("Identity", ["one"], ["seen"])])
        ])
    ]
    let results = try model.run(x)
    #expect(results[0].floats() == [4, -5, 10])
    #expect(results[1].dimensions == [3, 3] && results[1].floats() == [1, 1, 1, 2, -1, 4, 3, -3, 7])
  }

  @Test func `a Loop ends when its condition does, and never without a bound`() throws {
    var model = SmallModel(inputs: [("x", SmallModel.float, [3])], outputs: ["y"])
    model.constants = ["go": truth(true), "limit": scalar(4)]
    let shrinking = [node("Less", ["i", "limit"], ["on"]), node("Add", ["v", "x"], ["more"])]
    model.nodes = [node("Loop", ["", "go", "x"], ["y"], ["body": body("body", inputs: ["i", "c", "v"], outputs: ["on", "more"], shrinking)])]
    // Iterations 0 to 4 run: the condition is asked after each.
    #expect(try model.run(x)[0].floats() == [6, -12, 18])
    model.constants["limit"] = scalar(.max)
    let error = #expect(throws: CompilerError.self) { try model.compiled() }
    #expect(error?.code == .unsupported && error?.message.contains("\(ControlFlow.mostIterations) iterations") == true)
  }

  @Test func `loops in loops are bounded together`() throws {
    var model = SmallModel(inputs: [("x", SmallModel.float, [3])], outputs: ["y"])
    model.constants = ["trips": scalar(999)]
    let step = [node("Identity", ["c"], ["d"]), node("Neg", ["v"], ["w"])]
    let inner = node("Loop", ["trips", "", "v"], ["w"], ["body": body("inner", inputs: ["i", "c", "v"], outputs: ["d", "w"], step)])
    let outer = [node("Identity", ["c"], ["d"]), inner]
    model.nodes = [node("Loop", ["trips", "", "x"], ["y"], ["body": body("outer", inputs: ["i", "c", "v"], outputs: ["d", "w"], outer)])]
    let error = #expect(throws: CompilerError.self) { try model.compiled() }
    #expect(error?.code == .unsupported && error?.message.contains("\(ControlFlow.mostNodes) nodes") == true)
  }

  @Test func `a Scan runs along its axis, backwards where it says so`() throws {
    var model = SmallModel(inputs: [("x", SmallModel.float, [2, 3])], outputs: ["last", "sums"])
    model.constants = ["zero": HostTensor([Float(0), 0], dimensions: [2])]
    model.nodes = [
      node(
        "Scan", ["zero", "x"], ["last", "sums"],
        [
          "num_scan_inputs": .integer(1), "scan_input_axes": .integers([1]), "scan_input_directions": .integers([1]), "scan_output_axes": .integers([1]),
          "body": body("body", inputs: ["s", "slice"], outputs: ["t", "u"], [node("Add", ["s", "slice"], ["t"]), node("Identity", ["t"], ["u"])]),
        ])
    ]
    let results = try model.run(HostTensor([Float(1), 2, 3, 10, 20, 30], dimensions: [2, 3]))
    #expect(results[0].floats() == [6, 60])
    #expect(results[1].dimensions == [2, 3] && results[1].floats() == [3, 5, 6, 30, 50, 60])
  }

  @Test func `outputs that a loop stacks count among what it writes out`() throws {
    var model = SmallModel(inputs: [("x", SmallModel.float, [3])], outputs: ["y"])
    model.constants = ["trips": scalar(1000)]
    let many = [String](repeating: "x", count: 300)
    let inner = body("body", inputs: ["i", "c"], outputs: ["c"] + many, [])
    model.nodes = [node("Loop", ["trips", ""], (0..<300).map { "s\($0)" }, ["body": inner]), node("Neg", ["s0"], ["y"])]
    let error = #expect(throws: CompilerError.self) { try model.compiled() }
    #expect(error?.message.contains("writes out control flow of more than") == true)
  }

  @Test func `a loop's own constants are there once, however often it runs`() throws {
    var model = SmallModel(inputs: [("x", SmallModel.float, [3])], outputs: ["y"])
    model.constants = ["trips": scalar(50)]
    let addend = HostTensor([Float(1), 2, 3], dimensions: [3])
    let inner = body("body", inputs: ["i", "c", "v"], outputs: ["c", "w"], [node("Add", ["v", "own"], ["w"])], constants: ["own": addend])
    model.nodes = [node("Loop", ["trips", "", "x"], ["y"], ["body": inner])]
    let graph = try GraphImport.graph(of: model.model)
    #expect(graph.values.count { $0.constant == addend } == 1)
    #expect(try model.run(x)[0].floats() == [51, 98, 153])
  }
}
