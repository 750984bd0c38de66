import ModelGraph
import ONNX
import Operators
import Tensors

/// A graph, or a body of control flow, made ready to be evaluated any number of times.
struct EvaluationBody: Sendable {
  let name: String
  let inputs: [String]
  let outputs: [ONNXValueInfo]
  let initialisers: [String: HostTensor]
  let steps: [EvaluationStep]
}

/// One node of it.
struct EvaluationStep: Sendable {
  enum Action: Sendable {
    case operation(any Operator)
    case controlFlow(ControlFlow)
    /// Can't be evaluated, for a reason that matters only if it is reached.
    case refused(CompilerError)
  }

  let node: ONNXNode
  /// What messages call it.
  let label: String
  let action: Action
  /// Version of the node's operator set.
  let opset: Int
  /// The graphs among the attributes, by name.
  let bodies: [String: EvaluationBody]
  /// Values of the same graph that no later node reads.
  let lastReads: [String]
  /// Outputs that nobody reads.
  let unread: Set<String>
}

/// Makes bodies of graphs: reads the operators, and finds out how long each value lives.
struct EvaluationPreparation {
  let model: ONNXModel

  func body(of graph: ONNXGraph) -> EvaluationBody {
    let outputs = Set(graph.outputs.map(\.name))
    var lastReader: [String: Int] = [:]
    for (position, node) in graph.nodes.enumerated() {
      for name in node.readNames { lastReader[name] = position }
    }
    var lastReads = [[String]](repeating: [], count: graph.nodes.count)
    for (name, position) in lastReader where !outputs.contains(name) { lastReads[position].append(name) }
    let steps = graph.nodes.enumerated().map { position, node in
      let unread = node.outputs.filter { lastReader[$0] == nil && !outputs.contains($0) }
      return step(node, at: position, lastReads: lastReads[position], unread: Set(unread))
    }
    return EvaluationBody(
      name: graph.name, inputs: graph.inputs.map(\.name), outputs: graph.outputs,
      initialisers: graph.initialisers.reduce(into: [:]) { $0[$1.name] = $1.tensor }, steps: steps)
  }

  private func step(_ node: ONNXNode, at position: Int, lastReads: [String], unread: Set<String>) -> EvaluationStep {
    let label = node.name.isEmpty ? "node \(position) (\(node.opType))" : "node '\(node.name)' (\(node.opType))"
    let flow = ControlFlow(node)
    var bodies: [String: EvaluationBody] = [:]
    if flow != nil {
      for case (let name, .graph(let graph)) in node.attributes { bodies[name] = body(of: graph) }
    }
    return EvaluationStep(
      node: node, label: label, action: flow.map { .controlFlow($0) } ?? action(of: node), opset: model.opset(of: node), bodies: bodies,
      lastReads: lastReads, unread: unread)
  }

  private func action(of node: ONNXNode) -> EvaluationStep.Action {
    do throws(OperatorError) {
      let description = OperatorDescription(
        nodeName: node.name, opType: node.opType, opset: model.opset(of: node), attributes: node.attributes.mapValues { AttributeValue($0) },
        inputCount: node.inputs.count, outputCount: node.outputs.count)
      return .operation(try OperatorCatalog.operation(description, domain: node.domain))
    } catch {
      return .refused(CompilerError(error.code == .invalid ? .invalid : .unsupported, error.message))
    }
  }
}

extension ONNXNode {
  /// What the node reads, its bodies' captured values among it (and their own, which does no harm: names are unique).
  var readNames: [String] {
    var names = inputs.filter { !$0.isEmpty }
    for case .graph(let body) in attributes.values { names += body.nodes.flatMap(\.readNames) + body.outputs.map(\.name) }
    return names
  }
}
