import ModelGraph
import Operators
import Tensors

/// A batch normalisation behind a convolution becomes part of its weights and bias:
/// `w' = w × s`, `b' = (b − mean) × s + shift`, with `s = scale ÷ √(variance + ε)` an output channel.
struct FoldBatchNormalisation: GraphPass {
  let name = "fold batch normalisation"

  /// Convolutions that share weights get their own this often; more of them would make far more constants than the model has.
  private static let mostReaders = 16

  func patch(for graph: Graph) -> GraphPatch {
    var patch = GraphPatch()
    let producers = graph.producers()
    let consumers = graph.consumers()
    let outputs = Set(graph.outputs)
    // For a normalisation that was folded, the convolution that computes it now.
    var carriers: [Int: Int] = [:]
    for (position, node) in graph.nodes.enumerated() {
      guard let normalisation = node.operation as? BatchNormalization, let x = node.input(0), let made = producers[x.index],
        consumers[x.index].count == 1, !outputs.contains(x), graph[x].stored == nil
      else { continue }
      let producer = carriers[made] ?? made
      var convolution = patch.replacements[producer] ?? graph.nodes[producer]
      guard convolution.operation is Conv, let w = convolution.input(1),
        let folded = fold(normalisation, node, into: convolution, graph, patch.newValues)
      else { continue }
      let own = w.index - graph.values.count
      if own >= 0 {
        (patch.newValues[own], patch.newValues[own + 1]) = folded
      } else {
        guard consumers[w.index].count <= Self.mostReaders else { continue }
        let first = graph.values.count + patch.newValues.count
        convolution.inputs = [convolution.inputs[0], ValueID(first), ValueID(first + 1)]
        patch.newValues += [folded.weights, folded.bias]
        // What nobody reads any more needs no memory.
        if consumers[w.index].count == 1, !outputs.contains(w) { patch.updates[w] = Value(name: graph[w].name, type: graph[w].type) }
      }
      convolution.outputs = [node.outputs[0]]
      patch.replacements[producer] = convolution
      patch.removals.insert(position)
      carriers[position] = producer
    }
    return patch
  }

  /// - Parameter new: the values that the patch makes.
  private func fold(_ normalisation: BatchNormalization, _ node: Node, into convolution: Node, _ graph: Graph, _ new: [Value])
    -> (weights: Value, bias: Value)?
  {
    let value = { (id: ValueID) in id.index < graph.values.count ? graph[id] : new[id.index - graph.values.count] }
    let constants = (1...4).map { node.input($0).flatMap { graph[$0].constant?.floats() } }
    guard let scale = constants[0], let shift = constants[1], let mean = constants[2], let variance = constants[3],
      let given = convolution.input(1).map(value), let weights = given.constant, given.quantisedConstant == nil
    else { return nil }
    let channels = weights.dimensions[0]
    let bias = convolution.input(2).map { value($0).constant?.floats() } ?? [Float](repeating: 0, count: channels)
    guard let bias, [scale, shift, mean, variance, bias].allSatisfy({ $0.count == channels }) else { return nil }
    let factors = (0..<channels).map { scale[$0] / (variance[$0] + normalisation.epsilon).squareRoot() }
    let size = weights.elementCount / max(channels, 1)
    let folded = weights.floats().enumerated().map { index, weight in weight * factors[index / size] }
    let shifted = (0..<channels).map { (bias[$0] - mean[$0]) * factors[$0] + shift[$0] }
    return (
      Value(name: given.name, type: TensorType(.float32, weights.dimensions), constant: HostTensor(folded, dimensions: weights.dimensions)),
      Value(name: "\(given.name).bias", type: TensorType(.float32, [channels]), constant: HostTensor(shifted, dimensions: [channels]))
    )
  }
}
