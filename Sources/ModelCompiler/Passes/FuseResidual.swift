import ModelGraph
import Operators

/// `Conv + r` of equal dimensions: the addition moves into the convolution's epilogue.
struct FuseResidual: GraphPass {
  let name = "fuse residual"

  func patch(for graph: Graph) -> GraphPatch {
    var patch = GraphPatch()
    let outputs = Set(graph.outputs)
    let producers = graph.producers()
    let consumers = graph.consumers()
    for (position, node) in graph.nodes.enumerated() where node.operation.isNamed("Add") {
      guard let left = node.input(0), let right = node.input(1), left != right else { continue }
      let candidates = [(left, right), (right, left)].filter { sum, residual in
        guard let producer = producers[sum.index], let convolution = graph.nodes[producer].operation as? Conv, !convolution.epilogue.hasResidual else {
          return false
        }
        return consumers[sum.index].count == 1 && !outputs.contains(sum) && graph[residual].constant == nil
          && graph.type(of: sum) == graph.type(of: residual)
      }
      // The later producer: the other operand is ready when it runs.
      guard let (sum, residual) = candidates.max(by: { producers[$0.0.index]! < producers[$1.0.index]! }), let producer = producers[sum.index],
        var convolution = graph.nodes[producer].operation as? Conv
      else { continue }
      convolution.epilogue.hasResidual = true
      convolution.epilogue.beforeResidual = graph[sum].stored
      var merged = graph.nodes[producer]
      merged.operation = convolution
      merged.inputs = [merged.inputs[0], merged.inputs[1], merged.input(2), residual]
      merged.outputs = node.outputs
      // Sums of a convolution that only this addition reads: no other patch touches it, and all of them together make no cycle.
      patch.removals.insert(position)
      patch.replacements[producer] = merged
    }
    return patch
  }
}
