import Tensors

/// The written rules of a graph, checked after every pass in debug builds and once before lowering:
///
/// 1. every value has a type; a constant's agrees with its tensor;
/// 2. a value has at most one producer, and constants and graph inputs have none;
/// 3. nodes stand after the producers of their inputs;
/// 4. what a node or the graph's outputs read is made by a node, an input or a constant;
/// 5. 8-bit forms stand on float values only, with a positive, finite scale and a zero point of their type.
public enum GraphGrammar {
  /// One line for each broken rule; empty for a well-formed graph.
  public static func violations(of graph: Graph) -> [String] {
    var violations: [String] = []
    var isMade = graph.values.map { $0.constant != nil }
    for (index, value) in graph.values.enumerated() {
      if let constant = value.constant, let type = value.type, type != TensorType(constant.elementType, constant.dimensions) {
        violations.append("constant '\(value.name)' disagrees with its type")
      }
      if let stored = value.stored { violations += violationsOf(stored, on: value) }
      if value.type == nil { violations.append("value \(index) '\(value.name)' has no type") }
    }
    for input in graph.inputs {
      if isMade[input.index] { violations.append("input '\(graph[input].name)' is a constant or stands twice") }
      isMade[input.index] = true
    }
    for node in graph.nodes {
      for case let input? in node.inputs where !isMade[input.index] {
        violations.append("node '\(node.name)' reads '\(graph[input].name)' before it is made")
      }
      for output in node.outputs {
        if isMade[output.index] { violations.append("node '\(node.name)' makes '\(graph[output].name)' a second time") }
        isMade[output.index] = true
      }
    }
    for output in graph.outputs where !isMade[output.index] { violations.append("output '\(graph[output].name)' is never made") }
    return violations
  }

  private static func violationsOf(_ stored: StoredQuantisation, on value: Value) -> [String] {
    guard let range = stored.elementType.eightBitRange, range.contains(stored.quantisation.zeroPoint), stored.quantisation.scale > 0,
      stored.quantisation.scale.isFinite
    else { return ["value '\(value.name)' has an impossible 8-bit form"] }
    return value.type?.elementType == .float32 || value.type == nil ? [] : ["value '\(value.name)' is no float and has an 8-bit form"]
  }
}
