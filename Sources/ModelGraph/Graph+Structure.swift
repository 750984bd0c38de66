extension Graph {
  /// For each value, the position of the node that makes it; nil for inputs and constants.
  public func producers() -> [Int?] {
    var producers = [Int?](repeating: nil, count: values.count)
    for (position, node) in nodes.enumerated() {
      for output in node.outputs { producers[output.index] = position }
    }
    return producers
  }

  /// For each value, the positions of the nodes that read it, one entry a use.
  public func consumers() -> [[Int]] {
    var consumers = [[Int]](repeating: [], count: values.count)
    for (position, node) in nodes.enumerated() {
      for case let input? in node.inputs { consumers[input.index].append(position) }
    }
    return consumers
  }

  /// The names of the graph's inputs that values depend on, in the graph's order.
  public func inputs(behind values: [ValueID]) -> [String] {
    let producers = producers()
    var seen = Set(values)
    var pending = values
    while let value = pending.popLast() {
      guard let producer = producers[value.index] else { continue }
      for case let input? in nodes[producer].inputs where seen.insert(input).inserted { pending.append(input) }
    }
    return inputs.filter { seen.contains($0) }.map { self[$0].name }
  }

  /// Applies a patch: removes nodes, redirects values, replaces and adds nodes, and sorts topologically.
  public mutating func apply(_ patch: GraphPatch) {
    var redirect: [Int: ValueID] = patch.redirections.reduce(into: [:]) { $0[$1.key.index] = $1.value }
    for (key, var target) in redirect {
      while let next = redirect[target.index], next != target { target = next }
      redirect[key] = target
    }
    var kept: [Node] = []
    for (position, node) in nodes.enumerated() where !patch.removals.contains(position) {
      kept.append(patch.replacements[position] ?? node)
    }
    kept += patch.additions
    for index in kept.indices {
      kept[index].inputs = kept[index].inputs.map { input in input.map { redirect[$0.index] ?? $0 } }
    }
    outputs = outputs.map { redirect[$0.index] ?? $0 }
    values += patch.newValues
    for (id, value) in patch.updates { self[id] = value }
    nodes = kept
    sortTopologically()
  }

  /// Orders nodes so that each comes after the producers of its inputs; keeps the given order among equals.
  public mutating func sortTopologically() {
    let producers = producers()
    var state = [UInt8](repeating: 0, count: nodes.count)
    var order: [Int] = []
    order.reserveCapacity(nodes.count)
    for root in nodes.indices where state[root] == 0 {
      var stack = [root]
      while let top = stack.last {
        if state[top] == 2 {
          stack.removeLast()
          continue
        }
        state[top] = 1
        let pending = nodes[top].inputs.compactMap { $0.flatMap { producers[$0.index] } }.filter { state[$0] == 0 }
        if pending.isEmpty {
          state[top] = 2
          order.append(top)
          stack.removeLast()
        } else {
          stack.append(contentsOf: pending.reversed())
        }
      }
    }
    nodes = order.map { nodes[$0] }
  }

  /// Removes nodes whose outputs nobody needs.
  public mutating func removeDeadNodes() {
    var needed = [Bool](repeating: false, count: values.count)
    for output in outputs { needed[output.index] = true }
    var kept: [Node] = []
    for node in nodes.reversed() where node.outputs.contains(where: { needed[$0.index] }) {
      kept.append(node)
      for case let input? in node.inputs { needed[input.index] = true }
    }
    nodes = kept.reversed()
  }
}

/// What a pass wants changed, applied at once by `Graph.apply`; positions are those of the graph that the pass read.
public struct GraphPatch: Sendable {
  public var removals: Set<Int> = []
  public var replacements: [Int: Node] = [:]
  public var additions: [Node] = []
  /// Appended to `Graph.values`; the first gets the index that `Graph.values.count` was.
  public var newValues: [Value] = []
  public var updates: [ValueID: Value] = [:]
  /// Uses of the key become uses of the value.
  public var redirections: [ValueID: ValueID] = [:]

  public init() {}

  public var isEmpty: Bool { removals.isEmpty && replacements.isEmpty && additions.isEmpty && redirections.isEmpty && newValues.isEmpty && updates.isEmpty }
}
