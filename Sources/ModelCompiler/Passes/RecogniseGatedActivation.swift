import ModelFormat
import ModelGraph
import Operators

/// `x × gate(x)` becomes one activation: SiLU for a sigmoid gate, hard swish for a hard sigmoid.
struct RecogniseGatedActivation: GraphPass {
  let name = "recognise gated activation"

  func patch(for graph: Graph) -> GraphPatch {
    var patch = GraphPatch()
    let producers = graph.producers()
    let consumers = graph.consumers()
    let outputs = Set(graph.outputs)
    for (position, node) in graph.nodes.enumerated() where node.operation.isNamed("Mul") {
      guard let left = node.input(0), let right = node.input(1) else { continue }
      for (x, gated) in [(left, right), (right, left)] {
        guard let producer = producers[gated.index], let gate = graph.nodes[producer].elementFunction(in: graph),
          graph.nodes[producer].input(0) == x, consumers[gated.index].count == 1, graph[gated].stored == nil, !outputs.contains(gated),
          let activation = Self.activation(gatedBy: gate)
        else { continue }
        patch.removals.insert(producer)
        patch.replacements[position] = Node(name: node.name, operation: activation, inputs: [x], outputs: node.outputs)
        break
      }
    }
    return patch
  }

  private static func activation(gatedBy gate: ElementFunction) -> Activation? {
    switch gate.function {
    case .sigmoid: Activation(.silu)
    case .hardSigmoid: Activation(.hardSwish, alpha: gate.alpha, beta: gate.beta)
    default: nil
    }
  }
}

extension Node {
  /// The function that a unary node with constant parameters applies; nil for any other node.
  func elementFunction(in graph: Graph) -> ElementFunction? {
    guard let unary = operation as? any UnaryOperator else { return nil }
    let inputs = inputs.map { id in id.map { OperatorInput(type: graph.type(of: $0), constant: graph[$0].constant) } }
    return (try? unary.elementFunction(for: inputs)) ?? nil
  }
}
