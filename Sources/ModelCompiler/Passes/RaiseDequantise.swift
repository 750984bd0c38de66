import ModelGraph
import Operators
import Tensors

/// `Dequantise(Move(q))` becomes `Move(Dequantise(q))` where `Move` only moves elements, so that 8-bit values meet their
/// DequantizeLinear at once and every operator sees floats.
struct RaiseDequantise: GraphPass {
  let name = "raise dequantise"

  func patch(for graph: Graph) -> GraphPatch {
    var patch = GraphPatch()
    let producers = graph.producers()
    let consumers = graph.consumers()
    for (position, node) in graph.nodes.enumerated() {
      guard node.operation is DequantizeLinear, let moved = node.input(0), let producer = producers[moved.index],
        !patch.removals.contains(producer), patch.replacements[producer] == nil
      else { continue }
      var mover = graph.nodes[producer]
      guard mover.operation.quantisationRule == .sameAsInput, mover.outputs.count == 1, consumers[moved.index].count == 1,
        !graph.outputs.contains(moved), let source = mover.input(0), node.quantisedForm(in: graph) != nil
      else { continue }
      let lifted = ValueID(graph.values.count + patch.newValues.count)
      patch.newValues.append(Value(name: "\(graph[source].name).dequantised", type: TensorType(.float32, graph.type(of: source).dimensions)))
      var dequantise = node
      dequantise.inputs[0] = source
      dequantise.outputs = [lifted]
      mover.inputs[0] = lifted
      mover.outputs = node.outputs
      patch.replacements[producer] = dequantise
      patch.replacements[position] = mover
    }
    return patch
  }
}

extension Node {
  /// The per-tensor 8-bit form that a QuantizeLinear or DequantizeLinear states in constants; nil for anything else.
  func quantisedForm(in graph: Graph) -> StoredQuantisation? {
    guard let scale = input(1), let constant = graph[scale].constant else { return nil }
    guard let zero = input(2) else { return QuantizeLinear.storedForm(scale: constant, zeroPoint: nil) }
    guard let zeroPoint = graph[zero].constant else { return nil }
    return QuantizeLinear.storedForm(scale: constant, zeroPoint: zeroPoint)
  }
}
