import ONNX

/// The operators that run other graphs. Import replaces them: a branch that is known to be taken stands in its If's place, a
/// loop is written out, iteration by iteration.
public enum ControlFlow: String, Sendable, CaseIterable {
  case `if` = "If"
  case loop = "Loop"
  case scan = "Scan"

  /// The control flow that a node is, nil for an operator that computes.
  init?(_ node: ONNXNode) {
    guard node.domain.isEmpty else { return nil }
    self.init(rawValue: node.opType)
  }

  /// Loops are written out up to this many iterations.
  public static let mostIterations = 1000
  /// All loops of a model together are written out up to this many nodes.
  public static let mostNodes = 200_000
}

extension ONNXNode {
  /// A body of a control-flow operator.
  func body(_ attribute: String) throws(CompilerError) -> ONNXGraph {
    guard case .graph(let graph) = attributes[attribute] else { throw CompilerError(.invalid, "attribute '\(attribute)' is no graph") }
    return graph
  }

  func integer(_ attribute: String) throws(CompilerError) -> Int? {
    switch attributes[attribute] {
    case nil: return nil
    case .integer(let value): return Int(value)
    case .some: throw CompilerError(.invalid, "attribute '\(attribute)' is not an integer")
    }
  }

  func integers(_ attribute: String) throws(CompilerError) -> [Int]? {
    switch attributes[attribute] {
    case nil: return nil
    case .integers(let values): return values.map { Int($0) }
    case .some: throw CompilerError(.invalid, "attribute '\(attribute)' is not a list of integers")
    }
  }
}
