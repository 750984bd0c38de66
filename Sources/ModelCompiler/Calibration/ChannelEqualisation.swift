import ModelGraph
import Operators
import Tensors

/// Scales channels between two linear layers against each other: what one layer's weights are divided by, the next one's are
/// multiplied by, so that the channels between them fill one 8-bit range evenly (Nagel et al. 2019; the share that goes to the
/// weights after Xiao et al., "SmoothQuant", 2022, here chosen by estimated noise). Possible where only functions stand between that
/// pass positive factors through.
struct ChannelEqualisation: Sendable {
  /// By the name of a linear layer's output: what each channel of it is divided by, and of the values up to the next layers.
  private(set) var factors: [String: [Float]] = [:]

  init() {}

  init(_ graph: Graph, _ observed: ObservedValues) {
    for span in Span.spans(of: graph) {
      guard let last = observed[graph[span.values[span.values.count - 1]].name], let chosen = span.factors(graph, last) else { continue }
      factors[graph[span.values[0]].name] = chosen
    }
  }

  /// The graph with other weights and biases; it computes what the given one does, but for the rounding of floats.
  func applied(to graph: Graph) -> Graph {
    guard !factors.isEmpty else { return graph }
    var result = graph
    for span in Span.spans(of: graph) {
      guard let factors = factors[graph[span.values[0]].name] else { continue }
      span.scale(&result, by: factors)
    }
    return result
  }

  /// What was observed, as it would have been in the equalised graph.
  func applied(to observed: inout ObservedValues, of graph: Graph) {
    for span in Span.spans(of: graph) {
      guard let factors = factors[graph[span.values[0]].name] else { continue }
      for value in span.values { observed[graph[value].name] = observed[graph[value].name]?.divided(by: factors) }
    }
  }
}

/// A linear layer, the values up to the linear layers that read it, and those.
private struct Span {
  let producer: LinearLayer
  let values: [ValueID]
  let readers: [LinearLayer]

  static func spans(of graph: Graph) -> [Span] {
    let layers = LinearLayer.layers(of: graph)
    let byNode = Dictionary(uniqueKeysWithValues: layers.map { ($0.node, $0) })
    let consumers = graph.consumers()
    let outputs = Set(graph.outputs)
    return layers.compactMap { layer in
      var values = [layer.output]
      while true {
        let value = values[values.count - 1]
        let positions = consumers[value.index]
        guard !outputs.contains(value), !positions.isEmpty else { return nil }
        if positions.count == 1, graph.nodes[positions[0]].passesPositiveFactors(in: graph), graph.nodes[positions[0]].outputs.count == 1 {
          values.append(graph.nodes[positions[0]].outputs[0])
          continue
        }
        let readers = positions.compactMap { byNode[$0] }
        // Each reads the value as its image, once.
        guard readers.count == positions.count, Set(positions).count == positions.count, readers.allSatisfy({ $0.input == value }),
          readers.allSatisfy({ graph.type(of: $0.input).dimensions.count >= 2 && $0.channelsPerGroup * $0.groups == layer.outputCount })
        else { return nil }
        return Span(producer: layer, values: values, readers: readers)
      }
    }
  }

  /// What a channel is divided by at least.
  private static let leastFactor: Float = 1 / 64

  /// The factors of least estimated noise; nil where none is better than none.
  func factors(_ graph: Graph, _ observed: ObservedValue) -> [Float]? {
    guard observed.channelRanges.count == producer.outputCount else { return nil }
    let magnitudes = Self.magnitudes(observed.channelRanges)
    guard let largest = magnitudes.max(), largest > 0, largest.isFinite else { return nil }
    let none = [Float](repeating: 1, count: magnitudes.count)
    var best = (factors: none, noise: noise(graph, observed, none, Self.heldRange(observed, share: 0)))
    for share in [Float(0.25), 0.5, 0.75, 1] {
      let factors = Self.factors(of: magnitudes, share)
      let noise = noise(graph, observed, factors, Self.heldRange(observed, share: share))
      if noise < best.noise * 0.95 { best = (factors, noise) }
    }
    return best.factors == none ? nil : best.factors
  }

  private static func magnitudes(_ ranges: [ClosedRange<Float>]) -> [Float] { ranges.map { max($0.upperBound, -$0.lowerBound) } }

  /// By a share of what each channel is smaller than the largest. One that is always 0 stays as it is.
  private static func factors(of magnitudes: [Float], _ share: Float) -> [Float] {
    let largest = magnitudes.max() ?? 0
    return magnitudes.map { $0 > 0 ? max(power($0 / largest, share), leastFactor) : 1 }
  }

  /// The range that all samples need where half of them chose the factors: channels that are mostly silent go far beyond what a few samples show, and
  /// the further the more they were made larger.
  private static func heldRange(_ observed: ObservedValue, share: Float) -> ClosedRange<Float> {
    var (lowest, highest) = (Float(0), Float(0))
    for choosing in observed.halves {
      let factors = factors(of: magnitudes(choosing), share)
      for half in observed.halves {
        for (range, factor) in zip(half, factors) {
          lowest = min(lowest, range.lowerBound / factor)
          highest = max(highest, range.upperBound / factor)
        }
      }
    }
    return lowest...highest
  }

  /// `base ^ share` for quarters.
  private static func power(_ base: Float, _ share: Float) -> Float {
    let quarter = base.squareRoot().squareRoot()
    return (0..<Int(share * 4)).reduce(1) { product, _ in product * quarter }
  }

  /// Mean square of what rounding inputs and weights in 8 bits adds to the readers' outputs.
  private func noise(_ graph: Graph, _ observed: ObservedValue, _ factors: [Float], _ range: ClosedRange<Float>) -> Double {
    let powers = observed.divided(by: factors).channelPowers
    let step = (Double(range.upperBound) - Double(range.lowerBound)) / 255
    var sum = 0.0
    for reader in readers {
      guard let constant = graph[reader.weights].constant else { continue }
      let rows = reader.rows(of: constant)
      let outputsPerGroup = reader.outputCount / reader.groups
      for output in 0..<reader.outputCount {
        var (largest, squares, power) = (0.0, 0.0, 0.0)
        for index in 0..<reader.reduction {
          let channel = output / outputsPerGroup * reader.channelsPerGroup + index / reader.taps
          let weight = Double(rows[output * reader.reduction + index] * factors[channel])
          largest = max(largest, weight.magnitude)
          squares += weight * weight
          power += powers[channel]
        }
        sum += squares * step * step / 12 + power * (largest / 127) * (largest / 127) / 12
      }
    }
    return sum
  }

  func scale(_ graph: inout Graph, by factors: [Float]) {
    guard let constant = graph[producer.weights].constant else { return }
    var rows = producer.rows(of: constant)
    for output in 0..<producer.outputCount {
      let factor = factors[output]
      for place in output * producer.reduction..<(output + 1) * producer.reduction { rows[place] /= factor }
    }
    graph[producer.weights].constant = producer.constant(ofRows: rows, like: constant)
    if let bias = producer.bias, let constant = graph[bias].constant {
      // Another layer may have the same bias.
      let id = graph.add(
        Value(
          name: "\(graph[bias].name).equalised", type: graph[bias].type,
          constant: HostTensor(zip(constant.floats(), factors).map { $0 / $1 }, dimensions: constant.dimensions)))
      graph.nodes[producer.node].inputs[2] = id
    }
    for reader in readers {
      guard let constant = graph[reader.weights].constant else { continue }
      let outputsPerGroup = reader.outputCount / reader.groups
      var rows = reader.rows(of: constant)
      for output in 0..<reader.outputCount {
        for channel in 0..<reader.channelsPerGroup {
          let factor = factors[output / outputsPerGroup * reader.channelsPerGroup + channel]
          let first = output * reader.reduction + channel * reader.taps
          for place in first..<first + reader.taps { rows[place] *= factor }
        }
      }
      graph[reader.weights].constant = reader.constant(ofRows: rows, like: constant)
    }
  }
}

extension Node {
  /// Whether a positive factor of a channel of the first input is one of the output's: `f(s × x) = s × f(x)`.
  fileprivate func passesPositiveFactors(in graph: Graph) -> Bool {
    if let function = elementFunction(in: graph) {
      switch function.function {
      case .leakyRelu: return true
      case .clamp: return (function.alpha == 0 || function.alpha == -.infinity) && function.beta == .infinity
      default: return false
      }
    }
    guard operation.isNamed("MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool"), let x = input(0) else { return false }
    let (from, to) = (graph.type(of: x).dimensions, graph.type(of: outputs[0]).dimensions)
    return from.count == to.count && from.count >= 3 && from[0] == to[0] && from[1] == to[1]
  }
}
