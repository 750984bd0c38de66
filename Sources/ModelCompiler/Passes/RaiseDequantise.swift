import ModelGraph
import Operators
import Tensors

/// `Dequantise(Move(q))` becomes `Move(Dequantise(q))` where `Move` only chooses among elements, so that 8-bit values meet their
/// DequantizeLinear at once and every operator sees floats. Means of integers are integers: there the result keeps their 8-bit form.
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
      guard mover.outputs.count == 1, consumers[moved.index].count == 1, !graph.outputs.contains(moved), let source = mover.input(0),
        graph.type(of: source).elementType == graph.type(of: moved).elementType, let form = node.quantisedForm(in: graph)
      else { continue }
      switch mover.operation.elementOrigin(for: mover.inputs.map { id in id.map { OperatorInput(type: graph.type(of: $0), constant: graph[$0].constant) } }) {
      case .moved, .ranked: break
      case .filled(let fill):
        guard mover.dequantise(fill, by: form) else { continue }
      case .mixed:
        var result = graph[node.outputs[0]]
        result.stored = form
        patch.updates[node.outputs[0]] = result
      case .computed: continue
      }
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
  /// Lets the node fill with the real number that an integer of this form stands for; false where it can't be told to.
  fileprivate mutating func dequantise(_ fill: HostTensor, by form: StoredQuantisation) -> Bool {
    guard let integer = fill.converted(to: form.elementType).integers().first else { return false }
    let real = form.quantisation.dequantised(Int32(integer))
    // What fills with 0 by itself goes on doing so.
    guard var pad = operation as? Pad else { return integer == 0 && real == 0 }
    pad.value = real
    operation = pad
    if inputs.count > 2 { inputs[2] = nil }
    return true
  }

  /// The per-tensor 8-bit form that a QuantizeLinear or DequantizeLinear states in constants; nil for anything else.
  func quantisedForm(in graph: Graph) -> StoredQuantisation? {
    guard let scale = input(1), let constant = graph[scale].constant else { return nil }
    let integers = operation is DequantizeLinear ? input(0) : outputs.first
    guard let integers else { return nil }
    let type = graph.type(of: integers).elementType
    guard let zero = input(2) else { return QuantizeLinear.storedForm(scale: constant, zeroPoint: nil, of: type) }
    guard let zeroPoint = graph[zero].constant else { return nil }
    return QuantizeLinear.storedForm(scale: constant, zeroPoint: zeroPoint, of: type)
  }
}
