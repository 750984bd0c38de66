import ModelGraph
import Operators
import Tensors

/// A batch normalisation behind a convolution becomes part of its weights and bias:
/// `w' = w × s`, `b' = (b − mean) × s + shift`, with `s = scale ÷ √(variance + ε)` an output channel.
struct FoldBatchNormalisation: GraphPass {
  let name = "fold batch normalisation"

  func patch(for graph: Graph) -> GraphPatch {
    var patch = GraphPatch()
    let producers = graph.producers()
    let consumers = graph.consumers()
    for (position, node) in graph.nodes.enumerated() {
      guard let normalisation = node.operation as? BatchNormalization, let x = node.input(0), let producer = producers[x.index],
        graph.nodes[producer].operation is Conv, consumers[x.index].count == 1, !graph.outputs.contains(x), graph[x].stored == nil,
        let folded = fold(normalisation, node, into: graph.nodes[producer], graph, firstNewValue: graph.values.count + patch.newValues.count)
      else { continue }
      patch.newValues += folded.values
      patch.replacements[producer] = folded.node
      patch.removals.insert(position)
    }
    return patch
  }

  private func fold(_ normalisation: BatchNormalization, _ node: Node, into convolution: Node, _ graph: Graph, firstNewValue: Int)
    -> (node: Node, values: [Value])?
  {
    let constants = (1...4).map { node.input($0).flatMap { graph[$0].constant?.floats() } }
    guard let scale = constants[0], let shift = constants[1], let mean = constants[2], let variance = constants[3],
      let w = convolution.input(1), let weights = graph[w].constant, graph[w].quantisedConstant == nil
    else { return nil }
    let channels = weights.dimensions[0]
    let bias = convolution.input(2).map { graph[$0].constant?.floats() } ?? [Float](repeating: 0, count: channels)
    guard let bias, [scale, shift, mean, variance, bias].allSatisfy({ $0.count == channels }) else { return nil }
    let factors = (0..<channels).map { scale[$0] / (variance[$0] + normalisation.epsilon).squareRoot() }
    let size = weights.elementCount / max(channels, 1)
    let folded = weights.floats().enumerated().map { index, weight in weight * factors[index / size] }
    let shifted = (0..<channels).map { (bias[$0] - mean[$0]) * factors[$0] + shift[$0] }
    let values = [
      Value(name: graph[w].name, type: TensorType(.float32, weights.dimensions), constant: HostTensor(folded, dimensions: weights.dimensions)),
      Value(name: "\(graph[w].name).bias", type: TensorType(.float32, [channels]), constant: HostTensor(shifted, dimensions: [channels])),
    ]
    var merged = convolution
    merged.inputs = [convolution.inputs[0], ValueID(firstNewValue), ValueID(firstNewValue + 1)]
    merged.outputs = [node.outputs[0]]
    return (merged, values)
  }
}
