public import ModelGraph

/// Which versions of ONNX's operators are read, and how.
extension OperatorCatalog {
  /// ONNX's own operator sets that are read: since 7 as they are, older ones through `LegacyForm`. What a later set changed in
  /// an operator of this catalogue stands in `changes`; what it added to an operator's types alone changes nothing here.
  public static let operatorSets = 1...28

  /// Operators that an operator set after 23 gave another meaning, and the first such set. A model of that set or a later one
  /// that uses them is refused.
  public static let changes: [String: Int] = [
    // Sliding windows; 24 added the count of valid keys, which is an input of its own.
    "Attention": 25
  ]

  /// The operator of a node.
  /// - Parameter domain: `""` is ONNX's own.
  /// - Throws: `.unsupported` where this version has no such operator, or knows it in another version only.
  public static func operation(_ description: OperatorDescription, domain: String) throws(OperatorError) -> any Operator {
    guard let type = type(named: description.opType, domain: domain) else {
      throw OperatorError(.unsupported, "this version doesn't have the operator \(domain.isEmpty ? "" : "\(domain).")\(description.opType)")
    }
    guard domain.isEmpty else { return try type.init(description) }
    if let change = changes[description.opType], description.opset >= change {
      throw OperatorError(.unsupported, "operator set \(change) changed it; it is supported as it was before: export the model with operator set \(change - 1)")
    }
    return description.opset < 7 ? try LegacyForm(description).operation(type) : try type.init(description)
  }
}
