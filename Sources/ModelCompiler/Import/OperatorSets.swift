import ONNX
import Operators

extension ONNXModel {
  /// The version of ONNX's own operator set; the first, where the model names none.
  var operatorSet: Int { opsetImports[""] ?? 1 }

  /// The version of a node's operator set.
  func opset(of node: ONNXNode) -> Int { node.opset ?? opsetImports[node.domain] ?? 1 }

  /// Refuses operator sets that are unknown, and names every operator that is missing at once, so that a user sees the whole
  /// distance. The bodies of control flow are checked when they are read: a branch that never runs may need what it likes.
  func checkOperators() throws(CompilerError) {
    try graph.checkOperators()
    let known = OperatorCatalog.operatorSets
    guard known.contains(operatorSet) else {
      throw CompilerError(
        .unsupported,
        "the model uses operator set \(operatorSet); \(known.lowerBound) to \(known.upperBound) are supported: export it again with one of these")
    }
  }
}

extension ONNXGraph {
  /// Names every operator of the graph that is missing, bodies excepted.
  func checkOperators() throws(CompilerError) {
    guard let list = MissingOperators(of: self).list else { return }
    throw CompilerError(.unsupported, "the model uses operators that this version doesn't have: \(list)")
  }
}
