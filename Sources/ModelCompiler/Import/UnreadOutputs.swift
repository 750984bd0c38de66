import ONNX

extension ONNXModel {
  /// The model without the last outputs of nodes that nobody reads: exporters name masks and statistics of training that way,
  /// and an operator need not make what isn't asked for.
  func withoutUnreadOutputs() -> ONNXModel {
    var read: Set<String> = []
    graph.gatherReadNames(into: &read)
    var model = self
    model.graph = graph.withoutOutputs(unlessIn: read)
    return model
  }
}

extension ONNXGraph {
  /// Operators whose outputs are as many as they are named: their number means something.
  private static let counted: Set<String> = ["If", "Loop", "Scan", "Split", "SplitToSequence"]

  /// What the graph and the bodies in it read or hand out.
  fileprivate func gatherReadNames(into names: inout Set<String>) {
    names.formUnion(outputs.map(\.name))
    for node in nodes {
      names.formUnion(node.inputs)
      for case .graph(let body) in node.attributes.values { body.gatherReadNames(into: &names) }
    }
  }

  /// - Parameter read: names that are read anywhere in the model. A body's own name that something else reads by chance stays.
  fileprivate func withoutOutputs(unlessIn read: Set<String>) -> ONNXGraph {
    var graph = self
    for index in nodes.indices where !(nodes[index].domain.isEmpty && Self.counted.contains(nodes[index].opType)) {
      while let last = graph.nodes[index].outputs.last, graph.nodes[index].outputs.count > 1, !read.contains(last) { graph.nodes[index].outputs.removeLast() }
    }
    for index in nodes.indices {
      for case (let name, .graph(let body)) in nodes[index].attributes {
        graph.nodes[index].attributes[name] = .graph(body.withoutOutputs(unlessIn: read))
      }
    }
    return graph
  }
}
