import ModelFormat
import ModelGraph
import Operators
import Tensors

/// Turns QuantizeLinear/DequantizeLinear pairs into the 8-bit form of the value between them, so that lowering can compute
/// on the integers themselves. 8-bit inputs and outputs of the model become float values with an 8-bit form.
struct AbsorbQuantisation: GraphPass {
  let name = "absorb quantisation"

  func patch(for graph: Graph) throws(CompilerError) -> GraphPatch {
    let consumers = graph.consumers()
    for (position, node) in graph.nodes.enumerated() where node.operation is QuantizeLinear {
      if let patch = absorb(position, node, graph, consumers) { return patch }
    }
    for input in graph.inputs where graph.type(of: input).elementType.isEightBitInteger {
      if let patch = absorbInput(input, graph, consumers[input.index]) { return patch }
    }
    return GraphPatch()
  }

  /// `x → Quantise → q → Dequantise → y`: uses of y become uses of x, which is stored as q.
  private func absorb(_ position: Int, _ node: Node, _ graph: Graph, _ consumers: [[Int]]) -> GraphPatch? {
    let q = node.outputs[0]
    guard let x = node.input(0), graph.type(of: x).elementType == .float32, let form = node.quantisedForm(in: graph),
      form.elementType == graph.type(of: q).elementType
    else { return nil }
    guard let readers = dequantisers(of: q, consumers[q.index], form, graph) else { return nil }
    var patch = GraphPatch()
    var carrier = x
    // An input that is handed out again keeps the type in which it came in.
    let isHandedOut = graph.inputs.contains(x) && ([q] + readers.map { graph.nodes[$0].outputs[0] }).contains { graph.outputs.contains($0) }
    let isShared =
      consumers[x.index].count > 1 || graph.outputs.contains(x) || graph[x].stored != nil || graph[x].constant != nil || isHandedOut
    var value = graph[x]
    if isShared {
      // Others read x unrounded: the rounded value is one of its own.
      carrier = ValueID(graph.values.count)
      value = Value(name: "\(graph[x].name).rounded", type: graph.type(of: x))
      patch.replacements[position] = Node(name: node.name, operation: Activation(.identity), inputs: [x], outputs: [carrier])
    } else {
      patch.removals.insert(position)
    }
    value.stored = form
    let isOutput = graph.outputs.contains(q)
    if isOutput {
      value.declaredType = form.elementType
      patch.redirections[q] = carrier
    }
    for reader in readers {
      let output = graph.nodes[reader].outputs[0]
      if isOutput, graph.outputs.contains(output) {
        // Handed out as integers and as real numbers: that takes two values.
        patch.replacements[reader] = Node(name: graph.nodes[reader].name, operation: Activation(.identity), inputs: [carrier], outputs: [output])
        continue
      }
      patch.removals.insert(reader)
      patch.redirections[output] = carrier
      if !isOutput, let declared = graph[output].declaredType { value.declaredType = declared }
    }
    if isShared { patch.newValues.append(value) } else { patch.updates[x] = value }
    return patch
  }

  /// An 8-bit input that is dequantised at once is a float input with an 8-bit form.
  private func absorbInput(_ input: ValueID, _ graph: Graph, _ consumers: [Int]) -> GraphPatch? {
    guard let first = consumers.first, graph.nodes[first].operation is DequantizeLinear, let form = graph.nodes[first].quantisedForm(in: graph),
      let readers = dequantisers(of: input, consumers, form, graph), !graph.outputs.contains(input)
    else { return nil }
    var patch = GraphPatch()
    var value = graph[input]
    value.type = TensorType(.float32, graph.type(of: input).dimensions)
    value.stored = form
    patch.updates[input] = value
    for reader in readers {
      let output = graph.nodes[reader].outputs[0]
      if graph.outputs.contains(output) {
        // Input and output differ in type, so they stay two values.
        patch.replacements[reader] = Node(name: graph.nodes[reader].name, operation: Activation(.identity), inputs: [input], outputs: [output])
      } else {
        patch.removals.insert(reader)
        patch.redirections[output] = input
      }
    }
    return patch
  }

  /// The consumers, if every one is a DequantizeLinear of the same form; else nil.
  private func dequantisers(of q: ValueID, _ consumers: [Int], _ form: StoredQuantisation, _ graph: Graph) -> [Int]? {
    for reader in consumers {
      guard graph.nodes[reader].operation is DequantizeLinear, graph.nodes[reader].input(0) == q, graph.nodes[reader].quantisedForm(in: graph) == form,
        graph.type(of: graph.nodes[reader].outputs[0]).elementType == .float32
      else { return nil }
    }
    return consumers
  }
}
