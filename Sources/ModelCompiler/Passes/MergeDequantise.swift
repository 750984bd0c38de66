import ModelGraph
import Operators

/// Equal DequantizeLinears of one value become one: operators on quantised values bring one each.
struct MergeDequantise: GraphPass {
  let name = "merge dequantise"

  func patch(for graph: Graph) -> GraphPatch {
    var patch = GraphPatch()
    var first: [ValueID: [Int]] = [:]
    for (position, node) in graph.nodes.enumerated() where node.operation is DequantizeLinear {
      guard let q = node.input(0), let form = node.quantisedForm(in: graph), !graph.outputs.contains(node.outputs[0]) else { continue }
      let twin = (first[q] ?? []).first { graph.nodes[$0].quantisedForm(in: graph) == form }
      if let twin {
        patch.removals.insert(position)
        patch.redirections[node.outputs[0]] = graph.nodes[twin].outputs[0]
      } else {
        first[q, default: []].append(position)
      }
    }
    return patch
  }
}
