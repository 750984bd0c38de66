import CPUExecution
import ModelGraph
import Operators
import Tensors

/// A convolution or matrix product with constant weights of its own: what it multiplies with what.
struct LinearLayer {
  let node: Int
  let input: ValueID
  let weights: ValueID
  let bias: ValueID?
  let output: ValueID
  let outputCount: Int
  let groups: Int
  /// Products that one output element sums up.
  let reduction: Int
  /// Axis of the weights that counts output channels.
  let outputAxis: Int
  private let inputDimensions: [Int]
  private let axes: [SpatialWindow.Axis]

  /// The layers of a canonical float graph. Weights that several nodes share, or that came as integers, are no layer's own.
  static func layers(of graph: Graph) -> [LinearLayer] {
    let consumers = graph.consumers()
    return graph.nodes.indices.compactMap { LinearLayer($0, in: graph, consumers) }
  }

  private init?(_ position: Int, in graph: Graph, _ consumers: [[Int]]) {
    let node = graph.nodes[position]
    guard let input = node.input(0), let weights = node.input(1), let constant = graph[weights].constant, constant.elementType == .float32,
      graph[weights].quantisedConstant == nil, consumers[weights.index].count == 1, !graph.outputs.contains(weights), graph[input].constant == nil,
      graph.type(of: input).elementType == .float32, constant.elementCount > 0
    else { return nil }
    self.node = position
    self.input = input
    self.weights = weights
    output = node.outputs[0]
    bias = node.input(2)
    if let bias, graph[bias].constant?.elementType != .float32 { return nil }
    inputDimensions = graph.type(of: input).dimensions
    let dimensions = constant.dimensions
    if let convolution = node.operation as? Conv {
      guard let spatial = try? convolution.window.resolved(kernel: Array(dimensions[2...]), input: Array(inputDimensions[2...])) else { return nil }
      axes = spatial.axes
      (outputCount, groups, outputAxis) = (dimensions[0], convolution.groups, 0)
    } else if let product = node.operation as? Gemm, !product.transposesA, product.alpha == 1, product.beta == 1 {
      axes = []
      outputAxis = product.transposesB ? 0 : 1
      (outputCount, groups) = (dimensions[outputAxis], 1)
    } else {
      return nil
    }
    if let bias, graph[bias].constant?.elementCount != outputCount || graph.type(of: bias).dimensions.last != outputCount { return nil }
    reduction = constant.elementCount / outputCount
  }

  /// Input channels that one group reads.
  var channelsPerGroup: Int { inputDimensions[1] / groups }
  /// Products for each input channel.
  var taps: Int { reduction / channelsPerGroup }

  /// Weights by output channel, `reduction` each: input channel by input channel.
  func rows(of constant: HostTensor) -> [Float] {
    outputAxis == 0 ? constant.floats() : constant.transposed([1, 0]).floats()
  }

  /// `rows` as the constant they came from.
  func constant<Scalar: TensorScalar>(ofRows rows: [Scalar], like constant: HostTensor) -> HostTensor {
    guard outputAxis != 0 else { return HostTensor(rows, dimensions: constant.dimensions) }
    return HostTensor(rows, dimensions: [outputCount, reduction]).transposed([1, 0])
  }

  /// How many places of the output there are, batch included.
  var placeCount: Int { axes.isEmpty ? inputDimensions[0] : inputDimensions[0] * axes.reduce(1) { $0 * $1.output } }

  /// What one place of the output reads: elements of each channel's plane, and the taps of the window that they stand under.
  struct Window {
    var image: Int
    var positions: [Int32]
    var taps: [Int32]
  }

  func window(at place: Int) -> Window {
    var window = Window(image: 0, positions: [0], taps: [0])
    var rest = place
    var inside: [[(tap: Int, position: Int)]] = []
    for axis in axes.reversed() {
      inside.append(axis.taps(at: rest % axis.output))
      rest /= axis.output
    }
    window.image = rest
    for (axis, own) in zip(axes, inside.reversed()) {
      window.taps = window.taps.flatMap { outer in own.map { outer * Int32(axis.kernel) + Int32($0.tap) } }
      window.positions = window.positions.flatMap { outer in own.map { outer * Int32(axis.input) + Int32($0.position) } }
    }
    return window
  }

  /// The input elements that one place of the output multiplies with the weights of a group, in the order of a row; what lies in the
  /// padding is zero.
  func gather(_ elements: [Float], _ window: Window, group: Int, into patch: inout [Float]) {
    let plane = axes.reduce(1) { $0 * $1.input }
    ElementStatistics.gather(
      elements, first: (window.image * inputDimensions[1] + group * channelsPerGroup) * plane, channels: channelsPerGroup, plane: plane,
      positions: window.positions, taps: window.taps, tapCount: taps, into: &patch)
  }
}
