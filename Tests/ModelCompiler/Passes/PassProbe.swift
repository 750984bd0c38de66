@testable import ModelCompiler
import ModelGraph
@testable import ONNX
import Operators
import Tensors

/// A small model as the graph that one pass reads and leaves.
struct PassProbe {
  var graph: Graph

  init(_ model: SmallModel, after earlier: [any GraphPass] = []) throws(CompilerError) {
    graph = try GraphImport.graph(of: model.model)
    try PassList.run(earlier, on: &graph)
  }

  mutating func run(_ pass: any GraphPass) throws(CompilerError) {
    try PassList.run([pass], on: &graph)
    precondition(GraphGrammar.violations(of: graph).isEmpty)
  }

  /// How often a pass has to look at the graph until nothing is left to do.
  mutating func rounds(of pass: any GraphPass) throws(CompilerError) -> Int {
    var count = 0
    while true {
      let patch = try pass.patch(for: graph)
      if patch.isEmpty { break }
      graph.apply(patch)
      count += 1
    }
    graph.removeDeadNodes()
    precondition(GraphGrammar.violations(of: graph).isEmpty)
    return count
  }

  /// The operators in order, by their first names.
  var operators: [String] { graph.nodes.map { type(of: $0.operation).names[0] } }

  func node(_ name: String) -> Node? { graph.nodes.first { type(of: $0.operation).names.contains(name) } }

  /// What the graph computes by its operators' plain evaluation.
  func evaluated(_ inputs: HostTensor...) throws(OperatorError) -> [HostTensor] {
    var values: [ValueID: HostTensor] = [:]
    for (index, value) in graph.values.enumerated() { values[ValueID(index)] = value.constant }
    for (id, tensor) in zip(graph.inputs, inputs) { values[id] = tensor }
    for node in graph.nodes {
      let results = try node.operation.evaluate(node.inputs.map { id in id.flatMap { values[$0] } })
      for (id, tensor) in zip(node.outputs, results) { values[id] = tensor }
    }
    return graph.outputs.compactMap { values[$0] }
  }
}

extension SmallModel {
  /// `x` → nodes → `y`, both float32.
  static func of(_ dimensions: [Int], outputs: [String] = ["y"]) -> SmallModel {
    SmallModel(inputs: [("x", SmallModel.float, dimensions)], outputs: outputs)
  }

  mutating func floats(_ name: String, _ values: [Float], _ dimensions: [Int]? = nil) {
    constants[name] = HostTensor(values, dimensions: dimensions ?? [values.count])
  }

  /// A scale and a zero point, `NAME.scale` and `NAME.zero`.
  mutating func form(_ name: String, scale: Float, zeroPoint: UInt8) {
    floats("\(name).scale", [scale], [])
    constants["\(name).zero"] = HostTensor([zeroPoint], dimensions: [])
  }

  mutating func quantise(_ input: String, _ output: String, as form: String) { append("QuantizeLinear", [input, "\(form).scale", "\(form).zero"], [output]) }
  mutating func dequantise(_ input: String, _ output: String, as form: String) {
    append("DequantizeLinear", [input, "\(form).scale", "\(form).zero"], [output])
  }
}
