import ModelGraph
import Operators
import Tensors

/// `MatMul` of a matrix with constant weights becomes `Gemm`, which has one kernel with convolution.
struct RecogniseLinear: GraphPass {
  let name = "recognise linear"

  func patch(for graph: Graph) -> GraphPatch {
    var patch = GraphPatch()
    for (position, node) in graph.nodes.enumerated() where node.operation.isNamed("MatMul") {
      guard let x = node.input(0), let w = node.input(1), let weights = graph[w].constant, weights.dimensions.count == 2,
        graph.type(of: x).dimensions.count == 2, graph[x].constant == nil
      else { continue }
      patch.replacements[position] = Node(name: node.name, operation: Gemm(), inputs: [x, w], outputs: node.outputs)
    }
    return patch
  }
}

/// `Gemm + row` and `Conv + channel constant` take the constant as their bias.
struct FuseLinearBias: GraphPass {
  let name = "fuse linear bias"

  func patch(for graph: Graph) -> GraphPatch {
    var patch = GraphPatch()
    let producers = graph.producers()
    let consumers = graph.consumers()
    let outputs = Set(graph.outputs)
    for (position, node) in graph.nodes.enumerated() where node.operation.isNamed("Add") {
      guard let left = node.input(0), let right = node.input(1) else { continue }
      for (linear, addend) in [(left, right), (right, left)] {
        guard let producer = producers[linear.index], patch.replacements[producer] == nil, graph[addend].constant != nil,
          consumers[linear.index].count == 1, graph[linear].stored == nil, !outputs.contains(linear),
          let merged = merge(graph.nodes[producer], addend, graph, firstNewValue: graph.values.count + patch.newValues.count)
        else { continue }
        var linearNode = merged.node
        linearNode.outputs = node.outputs
        patch.newValues += merged.values
        patch.replacements[producer] = linearNode
        patch.removals.insert(position)
        break
      }
    }
    return patch
  }

  private func merge(_ linear: Node, _ addend: ValueID, _ graph: Graph, firstNewValue: Int) -> (node: Node, values: [Value])? {
    guard linear.input(2) == nil, let constant = graph[addend].constant else { return nil }
    let output = graph.type(of: linear.outputs[0]).dimensions
    let isRow = (linear.operation as? Gemm).map { $0.epilogue == Epilogue() } ?? false
    let isChannels = (linear.operation as? Conv).map { $0.epilogue == Epilogue() } ?? false
    guard isRow || isChannels else { return nil }
    let channelAxis = 1
    let channels = output[channelAxis]
    let padded = [Int](repeating: 1, count: output.count - min(output.count, constant.dimensions.count)) + constant.dimensions
    guard padded.count == output.count, constant.elementCount == channels, padded[channelAxis] == channels else { return nil }
    var merged = linear
    if var product = linear.operation as? Gemm {
      product.beta = 1
      merged.operation = product
    }
    if constant.dimensions.count == 1 {
      merged.inputs = [linear.inputs[0], linear.inputs[1], addend]
      return (merged, [])
    }
    var value = Value(name: graph[addend].name, type: TensorType(.float32, [channels]), constant: constant.reshaped(to: [channels]))
    value.quantisedConstant = nil
    merged.inputs = [linear.inputs[0], linear.inputs[1], ValueID(firstNewValue)]
    return (merged, [value])
  }
}
