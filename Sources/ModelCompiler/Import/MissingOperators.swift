import ONNX
import Operators
import YAMLReading

/// Every operator of a graph that this version doesn't have, with where it stands and what to do instead.
struct MissingOperators {
  /// Nodes by operator name, in the graph's order.
  private var nodes: [String: [ONNXNode]] = [:]

  /// Nodes that are named of each operator.
  private static let namedCount = 3

  /// - Parameter graph: its own nodes, bodies of control flow excepted.
  init(of graph: ONNXGraph) {
    for node in graph.nodes where OperatorCatalog.type(named: node.opType, domain: node.domain) == nil && ControlFlow(node) == nil {
      nodes[node.domain.isEmpty ? node.opType : "\(node.domain).\(node.opType)", default: []].append(node)
    }
  }

  /// One entry an operator, joined; nil where none is missing.
  var list: String? {
    guard !nodes.isEmpty else { return nil }
    return nodes.sorted { $0.key < $1.key }.map { name, nodes in
      let labels = nodes.prefix(Self.namedCount).map { Self.label(of: $0) }
      let more = nodes.count > labels.count ? " and \(nodes.count - labels.count) more" : ""
      let advice = Self.alternative(to: nodes[0]).map { "; \($0)" } ?? ""
      return "\(name) (\(nodes.count)×: \(labels.joined(separator: ", "))\(more)\(advice))"
    }.joined(separator: ", ")
  }

  private static func label(of node: ONNXNode) -> String {
    node.name.isEmpty ? node.outputs.first(where: { !$0.isEmpty }).map { "the one that makes '\($0)'" } ?? "one without a name" : "'\(node.name)'"
  }

  private static func alternative(to node: ONNXNode) -> String? {
    let type = node.opType
    if !node.domain.isEmpty {
      let isKnown = OperatorCatalog.type(named: type) != nil
      if isKnown { return "ONNX's own \(type) is supported: export without the domain \(node.domain)" }
      if node.domain.hasPrefix("com.microsoft") { return "give the model as it was exported, before ONNX Runtime optimised it" }
      return "write it as ONNX's own operators, or as a model function"
    }
    if type.contains("Sequence") { return "use Split, Concat or Gather on tensors instead of sequences" }
    if type.hasPrefix("Optional") { return "export without optional inputs" }
    if type.hasPrefix("String") || type.hasPrefix("Regex") { return "do text before the model" }
    if type.hasPrefix("Random") || type == "Bernoulli" || type == "Multinomial" { return "draw outside, and give the numbers as an input" }
    if type == "ImageDecoder" { return "images are decoded by the recipe's input" }
    return nearestName(to: type, among: OperatorCatalog.names).map { "nearest is \($0)" }
  }
}
