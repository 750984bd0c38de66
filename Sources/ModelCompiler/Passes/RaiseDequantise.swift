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
    let outputs = Set(graph.outputs)
    for (position, node) in graph.nodes.enumerated() {
      guard node.operation is DequantizeLinear, let form = node.quantisedForm(in: graph), var source = node.input(0) else { continue }
      // All movers in a row above it, the lowest first.
      var movers: [(position: Int, node: Node, mixes: Bool)] = []
      while consumers[source.index].count == 1, !outputs.contains(source), let producer = producers[source.index],
        !patch.removals.contains(producer), patch.replacements[producer] == nil
      {
        var mover = graph.nodes[producer]
        guard mover.outputs.count == 1, let next = mover.input(0), graph.type(of: next).elementType == graph.type(of: source).elementType,
          let mixes = mover.movesDequantised(by: form, in: graph)
        else { break }
        movers.append((producer, mover, mixes))
        source = next
      }
      guard !movers.isEmpty else { continue }
      // Nodes change places one by one: the dequantisation stands at the highest, the lowest mover where it stood.
      var (place, made) = (position, node.outputs)
      for (above, mover, mixes) in movers {
        var mover = mover
        let input = mover.inputs[0]!
        if mixes { patch.store(made[0], as: form, in: graph) }
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

extension GraphPatch {
  /// Gives a value, of the graph or new, an 8-bit form.
  fileprivate mutating func store(_ id: ValueID, as form: StoredQuantisation, in graph: Graph) {
    guard id.index < graph.values.count else {
      newValues[id.index - graph.values.count].stored = form
      return
    }
    var value = graph[id]
    value.stored = form
    updates[id] = value
  }
}

extension Node {
  /// Makes the node ready to move real numbers instead of integers of this form: whether its results are means, which keep the form;
  /// nil where it can't be.
  fileprivate mutating func movesDequantised(by form: StoredQuantisation, in graph: Graph) -> Bool? {
    switch operation.elementOrigin(for: inputs.map { id in id.map { OperatorInput(type: graph.type(of: $0), constant: graph[$0].constant) } }) {
    case .moved, .ranked: return false
    case .filled(let fill): return dequantise(fill, by: form) ? false : nil
    case .mixed: return true
    case .computed: return nil
    }
  }

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
