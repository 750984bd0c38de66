import ONNX

extension ONNXModel {
  /// The model without the last outputs of nodes that nobody reads: exporters name masks and statistics of training that way,
  /// and an operator need not make what isn't asked for.
  func withoutUnreadOutputs() -> ONNXModel {
    var model = self
    model.graph = graph.withoutUnreadOutputs(readOutside: [])
    return model
  }
}

extension ONNXGraph {
  /// Operators whose outputs are as many as they are named: their number means something.
  private static let counted: Set<String> = ["If", "Loop", "Scan", "Split", "SplitToSequence"]

  fileprivate func withoutUnreadOutputs(readOutside: Set<String>) -> ONNXGraph {
    var read = readOutside
    for node in nodes { read.formUnion(node.readNames) }
    for output in outputs { read.insert(output.name) }
    var graph = self
    for index in nodes.indices where !(nodes[index].domain.isEmpty && Self.counted.contains(nodes[index].opType)) {
      while let last = graph.nodes[index].outputs.last, graph.nodes[index].outputs.count > 1, !read.contains(last) { graph.nodes[index].outputs.removeLast() }
    }
    for index in nodes.indices {
      for case (let name, .graph(let body)) in nodes[index].attributes {
        graph.nodes[index].attributes[name] = .graph(body.withoutUnreadOutputs(readOutside: read))
      }
    }
    return graph
  }
}
