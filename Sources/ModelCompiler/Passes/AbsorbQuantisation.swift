import ModelFormat
import ModelGraph
import Operators
import Tensors

/// Turns QuantizeLinear/DequantizeLinear pairs into the 8-bit form of the value between them, so that lowering can compute
/// on the integers themselves. 8-bit inputs and outputs of the model become float values with an 8-bit form.
struct AbsorbQuantisation: GraphPass {
  let name = "absorb quantisation"

  func patch(for graph: Graph) throws(CompilerError) -> GraphPatch {
    var round = Round(graph)
    for (position, node) in graph.nodes.enumerated() where node.operation is QuantizeLinear { round.absorb(position, node) }
    if round.patch.isEmpty {
      for input in graph.inputs where graph.type(of: input).elementType.isEightBitInteger { round.absorbInput(input) }
    }
    return round.patch
  }
}

/// All pairs of a graph, one after the other: each finds what those before it did.
private struct Round {
  private let graph: Graph
  private let consumers: [[Int]]
  private let inputs: Set<ValueID>
  private let outputs: Set<ValueID>
  private(set) var patch = GraphPatch()

  init(_ graph: Graph) {
    self.graph = graph
    consumers = graph.consumers()
    inputs = Set(graph.inputs)
    outputs = Set(graph.outputs)
  }

  /// A value as it will be.
  private func value(_ id: ValueID) -> Value {
    let own = id.index - graph.values.count
    return own >= 0 ? patch.newValues[own] : patch.updates[id] ?? graph[id]
  }

  /// `x → Quantise → q → Dequantise → y`: uses of y become uses of x, which is stored as q.
  mutating func absorb(_ position: Int, _ node: Node) {
    let q = node.outputs[0]
    guard let read = node.input(0), graph.type(of: read).elementType == .float32, let form = node.quantisedForm(in: graph),
      form.elementType == graph.type(of: q).elementType, let readers = dequantisers(of: q, form)
    else { return }
    let x = patch.redirections[read] ?? read
    var carrier = x
    var value = value(x)
    // An input that is handed out again keeps the type in which it came in.
    let isHandedOut = inputs.contains(x) && ([q] + readers.map { graph.nodes[$0].outputs[0] }).contains { outputs.contains($0) }
    // Where x stands for what a pair before this one made, it is stored already, and what else reads it doesn't matter.
    let isShared = value.stored != nil || consumers[x.index].count > 1 || outputs.contains(x) || value.constant != nil || isHandedOut
    if isShared {
      // Others read x unrounded: the rounded value is one of its own. Its name is the read one's, so that no name grows along a row of pairs.
      carrier = ValueID(graph.values.count + patch.newValues.count)
      value = Value(name: "\(graph[read].name).rounded", type: graph.type(of: read))
      patch.replacements[position] = Node(name: node.name, operation: Activation(.identity), inputs: [x], outputs: [carrier])
    } else {
      patch.removals.insert(position)
    }
    value.stored = form
    let isOutput = outputs.contains(q)
    if isOutput {
      value.declaredType = form.elementType
      patch.redirections[q] = carrier
    }
    for reader in readers {
      let output = graph.nodes[reader].outputs[0]
      if isOutput, outputs.contains(output) {
        // Handed out as integers and as real numbers: that takes two values.
        patch.replacements[reader] = Node(name: graph.nodes[reader].name, operation: Activation(.identity), inputs: [carrier], outputs: [output])
        continue
      }
      patch.removals.insert(reader)
      patch.redirections[output] = carrier
      if !isOutput, let declared = graph[output].declaredType { value.declaredType = declared }
    }
    if isShared { patch.newValues.append(value) } else { patch.updates[x] = value }
  }

  /// An 8-bit input that is dequantised at once is a float input with an 8-bit form.
  mutating func absorbInput(_ input: ValueID) {
    guard let first = consumers[input.index].first, graph.nodes[first].operation is DequantizeLinear,
      let form = graph.nodes[first].quantisedForm(in: graph), let readers = dequantisers(of: input, form), !outputs.contains(input)
    else { return }
    var value = graph[input]
    value.type = TensorType(.float32, graph.type(of: input).dimensions)
    value.stored = form
    patch.updates[input] = value
    for reader in readers {
      let output = graph.nodes[reader].outputs[0]
      if outputs.contains(output) || graph[output].stored != nil {
        // An output differs from the input in type, and what is rounded once more in its form: they stay two values.
        patch.replacements[reader] = Node(name: graph.nodes[reader].name, operation: Activation(.identity), inputs: [input], outputs: [output])
      } else {
        patch.removals.insert(reader)
        patch.redirections[output] = input
      }
    }
  }

  /// The consumers, if every one is a DequantizeLinear of the same form; else nil.
  private func dequantisers(of q: ValueID, _ form: StoredQuantisation) -> [Int]? {
    for reader in consumers[q.index] {
      guard graph.nodes[reader].operation is DequantizeLinear, graph.nodes[reader].input(0) == q, graph.nodes[reader].quantisedForm(in: graph) == form,
        graph.type(of: graph.nodes[reader].outputs[0]).elementType == .float32
      else { return nil }
    }
    return consumers[q.index]
  }
}
