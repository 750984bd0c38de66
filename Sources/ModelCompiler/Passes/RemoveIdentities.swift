import ModelGraph
import Operators

/// Identity, and Dropout outside training: uses of the output become uses of the input.
struct RemoveIdentities: GraphPass {
  let name = "remove identities"

  func patch(for graph: Graph) -> GraphPatch {
    var patch = GraphPatch()
    let (inputs, outputs) = (Set(graph.inputs), Set(graph.outputs))
    for (position, node) in graph.nodes.enumerated() where node.operation.isNamed("Identity", "Dropout") && node.outputs.count == 1 {
      guard var source = node.input(0) else { continue }
      // Of several in a row, the first one's input carries them all.
      while let carrier = patch.redirections[source] { source = carrier }
      // A model may hand an input straight to an output: that takes a real copy.
      guard !outputs.contains(node.outputs[0]) || !inputs.contains(source) else { continue }
      patch.removals.insert(position)
      patch.redirections[node.outputs[0]] = source
      if let declared = graph[node.outputs[0]].declaredType {
        var value = patch.updates[source] ?? graph[source]
        value.declaredType = declared
        patch.updates[source] = value
      }
    }
    return patch
  }
}

extension Operator {
  /// Whether the operator answers to one of these ONNX names.
  func isNamed(_ names: String...) -> Bool { !Self.names.filter(names.contains).isEmpty }
}
