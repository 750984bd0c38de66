import ModelGraph
import Operators

/// Equal DequantizeLinears of one value become one: operators on quantised values bring one each.
struct MergeDequantise: GraphPass {
  let name = "merge dequantise"

  /// What is dequantised, and how.
  private struct Dequantised: Hashable {
    var value: ValueID
    var scale: Float
    var zeroPoint: Int32
  }

  func patch(for graph: Graph) -> GraphPatch {
    var patch = GraphPatch()
    let outputs = Set(graph.outputs)
    var first: [Dequantised: ValueID] = [:]
    for (position, node) in graph.nodes.enumerated() where node.operation is DequantizeLinear {
      guard let q = node.input(0), let form = node.quantisedForm(in: graph), !outputs.contains(node.outputs[0]) else { continue }
      let key = Dequantised(value: q, scale: form.quantisation.scale, zeroPoint: form.quantisation.zeroPoint)
      if let twin = first[key] {
        patch.removals.insert(position)
        patch.redirections[node.outputs[0]] = twin
      } else {
        first[key] = node.outputs[0]
      }
    }
    return patch
  }
}
