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
    let outputs = Set(graph.outputs)
    for (position, node) in graph.nodes.enumerated() {
      guard node.operation is DequantizeLinear, let form = node.quantisedForm(in: graph), var source = node.input(0) else { continue }
      // All movers in a row above it, the lowest first, each with its input.
      var movers: [(position: Int, node: Node)] = []
      while consumers[source.index].count == 1, !outputs.contains(source), let producer = producers[source.index],
        !patch.removals.contains(producer), patch.replacements[producer] == nil
      {
        var mover = graph.nodes[producer]
        guard mover.operation.quantisationRule == .sameAsInput, mover.outputs.count == 1, let next = mover.input(0),
          mover.dequantiseFill(by: form, in: graph)
        else { break }
        movers.append((producer, mover))
        source = next
      }
      guard !movers.isEmpty else { continue }
      // Nodes change places one by one: the dequantisation stands at the highest, the lowest mover where it stood.
      var (place, made) = (position, node.outputs)
      for (above, mover) in movers {
        var mover = mover
        let input = mover.inputs[0]!
        let lifted = ValueID(graph.values.count + patch.newValues.count)
        patch.newValues.append(Value(name: "\(graph[input].name).dequantised", type: TensorType(.float32, graph.type(of: input).dimensions)))
        mover.inputs[0] = lifted
        mover.outputs = made
        patch.replacements[place] = mover
        (place, made) = (above, [lifted])
      }
      var dequantise = node
      dequantise.inputs[0] = source
      dequantise.outputs = made
      patch.replacements[place] = dequantise
    }
    return patch
  }
}

extension Node {
  /// Turns the value that padding adds from an integer of this form into the real one that it stands for; false where it isn't
  /// known. Operators that add no value of their own stay as they are.
  fileprivate mutating func dequantiseFill(by form: StoredQuantisation, in graph: Graph) -> Bool {
    guard var pad = operation as? Pad, pad.mode == .constant else { return true }
    var fill = HostTensor([pad.value], dimensions: [])
    if let given = input(2) {
      guard let constant = graph[given].constant, constant.elementCount == 1 else { return false }
      fill = constant
      inputs[2] = nil
    }
    guard let integer = fill.converted(to: form.elementType).integers().first else { return false }
    pad.value = form.quantisation.dequantised(Int32(integer))
    operation = pad
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
