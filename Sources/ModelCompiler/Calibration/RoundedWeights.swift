import ModelGraph
import Tensors

/// A layer's weights in 8 bits, and what the mean of each output would be off by without them in its bias.
struct RoundedWeights: Sendable {
  /// By output channel, as `LinearLayer.rows`.
  var integers: [Int8]
  var scales: [Float]
  /// By output channel: the mean of (float − rounded weights) × inputs (bias correction; Nagel et al., "Data-free quantization through
  /// weight equalization and bias correction", 2019, here with measured means).
  var biasShifts: [Double]

  /// - Parameter rows: the float weights, as `LinearLayer.rows`.
  init(_ rows: [Float], of layer: LinearLayer, _ moments: InputMoments) {
    integers = []
    scales = []
    biasShifts = []
    let outputsPerGroup = layer.outputCount / layer.groups
    for group in 0..<layer.groups {
      let rounding = WeightRounding(moments, group: group)
      let means = moments.means(group: group)
      for output in group * outputsPerGroup..<(group + 1) * outputsPerGroup {
        let row = Array(rows[output * layer.reduction..<(output + 1) * layer.reduction])
        let rounded = rounding.rounded(row)
        integers += rounded.integers
        scales.append(rounded.scale)
        biasShifts.append(
          (0..<layer.reduction).reduce(0) { $0 + (Double(row[$1]) - Double(rounded.integers[$1]) * Double(rounded.scale)) * means[$1] })
      }
    }
  }

  /// Gives the layer's constants these integers, to be used where it computes on integers; in float it keeps its own numbers.
  func store(in graph: inout Graph, _ layer: LinearLayer) {
    guard let constant = graph[layer.weights].constant, integers.count == constant.elementCount else { return }
    graph[layer.weights].quantisedConstant = QuantisedConstant(
      integers: layer.constant(ofRows: integers, like: constant), scales: scales, zeroPoints: [Int32](repeating: 0, count: scales.count),
      axis: layer.outputAxis)
    guard let form = graph[layer.input].stored else { return }
    let name = "\(graph[layer.weights].name).corrected-bias"
    let bias = layer.bias.flatMap { graph[$0].constant?.floats() } ?? [Float](repeating: 0, count: layer.outputCount)
    let units = scales.map { form.quantisation.scale * $0 }
    let limit = 1_000_000_000.0
    let corrected = zip(zip(bias, biasShifts), units).map { pair, unit -> Int32 in
      let value = (Double(pair.0) + pair.1) / Double(unit)
      return value.isFinite ? Int32(min(max(value, -limit), limit).rounded(.toNearestOrEven)) : 0
    }
    var value = Value(
      name: name, type: TensorType(.float32, [layer.outputCount]), constant: HostTensor(bias, dimensions: [layer.outputCount]))
    value.quantisedConstant = QuantisedConstant(
      integers: HostTensor(corrected, dimensions: [layer.outputCount]), scales: units, zeroPoints: [Int32](repeating: 0, count: units.count), axis: 0)
    let id = graph.add(value)
    let node = graph.nodes[layer.node]
    // Behind the bias may stand a residual's input, which stays last.
    graph.nodes[layer.node].inputs = [node.inputs[0], node.inputs[1], id] + node.inputs.dropFirst(3)
  }
}
