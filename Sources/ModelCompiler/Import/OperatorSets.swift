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
    var missing: [String: Int] = [:]
    for node in nodes where OperatorCatalog.type(named: node.opType, domain: node.domain) == nil && ControlFlow(node) == nil {
      missing[node.domain.isEmpty ? node.opType : "\(node.domain).\(node.opType)", default: 0] += 1
    }
    guard missing.isEmpty else {
      let list = missing.sorted { $0.key < $1.key }.map { "\($0.key) (\($0.value)×)" }.joined(separator: ", ")
      throw CompilerError(.unsupported, "the model uses operators that this version doesn't have: \(list)")
    }
  }
}
