import Tensors

/// The written rules of a graph, checked after every pass in debug builds and once before lowering:
///
/// 1. nodes, inputs and outputs name values that exist; every output has its name;
/// 2. every value has a type whose elements can be counted; a constant's agrees with its tensor, and integers behind a constant
///    with the constant and with their scales;
/// 3. a value has at most one producer, and constants and graph inputs have none;
/// 4. nodes stand after the producers of their inputs, so that there is no cycle;
/// 5. what a node or the graph's outputs read is made by a node, an input or a constant;
/// 6. a node's outputs have the types that its operator gives for its inputs;
/// 7. inputs and outputs of the graph know the type that their author declared;
/// 8. 8-bit forms stand on float values only, with a positive, finite scale and a zero point of their type.
public enum GraphGrammar {
  /// One line for each broken rule; empty for a well-formed graph.
  public static func violations(of graph: Graph) -> [String] {
    let strangers = violationsOfNames(in: graph)
    // The other rules look values up.
    guard strangers.isEmpty else { return strangers }
    var violations = graph.values.enumerated().flatMap { violationsOf($1, at: $0) }
    violations += violationsOfOrder(in: graph)
    for node in graph.nodes { violations += violationsOfTypes(of: node, in: graph) }
    for port in graph.inputs + graph.outputs where graph[port].declaredType == nil {
      violations.append("'\(graph[port].name)' goes in or out and has no declared type")
    }
    return violations
  }

  private static func violationsOfNames(in graph: Graph) -> [String] {
    var violations: [String] = []
    func check(_ id: ValueID, _ reader: String) {
      if !graph.values.indices.contains(id.index) { violations.append("\(reader) names value \(id.index) of \(graph.values.count)") }
    }
    for input in graph.inputs { check(input, "the graph's input") }
    for output in graph.outputs { check(output, "the graph's output") }
    for node in graph.nodes {
      for case let input? in node.inputs { check(input, "node '\(node.name)'") }
      for output in node.outputs { check(output, "node '\(node.name)'") }
    }
    if graph.outputs.count != graph.outputNames.count { violations.append("\(graph.outputs.count) outputs have \(graph.outputNames.count) names") }
    return violations
  }

  private static func violationsOf(_ value: Value, at index: Int) -> [String] {
    guard let type = value.type else { return ["value \(index) '\(value.name)' has no type"] }
    var violations: [String] = []
    if type.dimensions.checkedSpan == nil { violations.append("value '\(value.name)' has the impossible dimensions \(type.dimensions)") }
    if let constant = value.constant, type != TensorType(constant.elementType, constant.dimensions) {
      violations.append("constant '\(value.name)' disagrees with its type")
    }
    if let integers = value.quantisedConstant {
      let axis = integers.axis
      let isFitting =
        value.constant?.dimensions == integers.integers.dimensions && integers.scales.count == integers.zeroPoints.count
        && (integers.scales.count == 1 || type.dimensions.indices.contains(axis) && type.dimensions[axis] == integers.scales.count)
      if !isFitting { violations.append("the integers behind constant '\(value.name)' don't fit it") }
    }
    if let stored = value.stored { violations += violationsOf(stored, on: value) }
    return violations
  }

  private static func violationsOf(_ stored: StoredQuantisation, on value: Value) -> [String] {
    let range = stored.elementType == .int16 ? 0...0 : stored.elementType.eightBitRange
    guard let range, range.contains(stored.quantisation.zeroPoint), stored.quantisation.scale > 0,
      stored.quantisation.scale.isFinite
    else { return ["value '\(value.name)' has an impossible integer form"] }
    return value.type?.elementType == .float32 ? [] : ["value '\(value.name)' is no float and has an integer form"]
  }

  private static func violationsOfOrder(in graph: Graph) -> [String] {
    var violations: [String] = []
    var isMade = graph.values.map { $0.constant != nil }
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

  private static func violationsOfTypes(of node: Node, in graph: Graph) -> [String] {
    var inputs: [OperatorInput?] = []
    for input in node.inputs {
      guard let input else {
        inputs.append(nil)
        continue
      }
      // A value without a type is a violation of its own.
      guard let type = graph[input].type else { return [] }
      inputs.append(OperatorInput(type: type, constant: graph[input].constant))
    }
    do throws(OperatorError) {
      let types = try node.operation.outputTypes(for: inputs)
      guard types.count >= node.outputs.count else { return ["node '\(node.name)' has \(node.outputs.count) outputs, its operator gives \(types.count)"] }
      return zip(types, node.outputs).compactMap { type, output in
        guard let actual = graph[output].type, actual != type else { return nil }
        return "node '\(node.name)' makes '\(graph[output].name)' \(type.elementType.name) \(type.dimensions), whose type says "
          + "\(actual.elementType.name) \(actual.dimensions)"
      }
    } catch {
      return ["node '\(node.name)' breaks its operator's rules: \(error.message)"]
    }
  }
}
