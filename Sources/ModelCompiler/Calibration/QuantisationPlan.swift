import ModelGraph
import Operators
import Tensors

/// Decides which values of a canonical float graph are stored in 8 bits, and how.
///
/// Computing operators give their outputs ranges of their own; moving operators pass their input's on; a concatenation's
/// output takes the union, and so does each input that only it reads and whose own range is at least half as wide, so that
/// joining is copying. Ranges are those of `CalibrationMethod`. What stands between the last convolution or matrix product and an output stays float: heads mix
/// quantities of very different size there, and cost nothing.
struct QuantisationPlan {
  private let graph: Graph
  private let observed: ObservedValues
  private let consumers: [[Int]]
  private let producers: [Int?]

  init(graph: Graph, observed: ObservedValues) {
    self.graph = graph
    self.observed = observed
    consumers = graph.consumers()
    producers = graph.producers()
  }

  /// The values whose ranges calibration has to observe.
  static func observedValues(of graph: Graph) -> [ValueID] {
    let made = graph.nodes.filter { $0.operation.quantisationRule == .ownRange || $0.operation.quantisationRule == .sharedByAll }.flatMap(\.outputs)
    // Outputs are left out, and so is what stands there already.
    var seen = Set(graph.outputs)
    return (graph.inputs + made).filter { graph.type(of: $0).elementType == .float32 && seen.insert($0).inserted }
  }

  func annotate(_ target: inout Graph) {
    let tail = floatTail()
    target.isCalibrated = true
    for value in graph.inputs + graph.nodes.flatMap(\.outputs) where graph.type(of: value).elementType == .float32 && !tail.contains(value) {
      guard let known = observed[graph[value].name] else { continue }
      target[value].stored = observed.method == .minMax || graph.inputs.contains(value) ? .covering(known.range) : RangeSearch.form(of: known)
    }
    if observed.method == .meanSquaredError {
      chooseBeforeFunctions(in: &target, tail)
      keepUnevenValuesFloat(in: &target)
    }
    // In order, so that a moved value finds its source's form.
    for node in graph.nodes {
      switch node.operation.quantisationRule {
      case .float:
        for output in node.outputs { target[output].stored = nil }
      case .sameAsInput:
        guard let source = node.input(0) else { continue }
        for output in node.outputs where !tail.contains(output) && graph.type(of: output).elementType == .float32 {
          target[output].stored = target[source].stored
        }
      case .sharedByAll: share(node, in: &target, tail)
      case .ownRange: break
      }
    }
  }

  /// Functions that only read a convolution's or matrix product's result: a clamp needs no form before it, since bounds are
  /// rounded like the result; for any other the form before it and the form behind it are found together.
  private func chooseBeforeFunctions(in target: inout Graph, _ tail: Set<ValueID>) {
    for node in graph.nodes {
      guard let function = node.elementFunction(in: graph), let x = node.input(0), let y = node.outputs.first, let producer = producers[x.index],
        graph.nodes[producer].operation.linearEpilogue != nil, consumers[x.index].count == 1, !graph.outputs.contains(x), !tail.contains(y),
        target[x].stored != nil, target[y].stored != nil, let known = observed[graph[x].name]
      else { continue }
      if function.function == .clamp {
        target[x].stored = nil
      } else if let pair = RangeSearch.pair(of: known, before: { function($0) }) {
        (target[x].stored, target[y].stored) = (pair.before, pair.after)
      }
    }
  }

  /// Of a value's channels, one scale may drown so much energy that what follows loses them: above this share, on average over the
  /// channels, the value stays float. (Values that 8 bits serve well lose less than a hundredth.)
  static let largestLostEnergy = 0.05

  private func keepUnevenValuesFloat(in target: inout Graph) {
    for node in graph.nodes where node.operation.quantisationRule == .ownRange {
      for output in node.outputs {
        guard let form = target[output].stored, let known = observed[graph[output].name],
          known.lostEnergy(scale: form.quantisation.scale) > Self.largestLostEnergy
        else { continue }
        target[output].stored = nil
      }
    }
  }

  /// Gives inputs of a concatenation the output's form where that costs little precision.
  private func share(_ node: Node, in target: inout Graph, _ tail: Set<ValueID>) {
    guard let output = node.outputs.first, let form = target[output].stored else { return }
    for case let input? in node.inputs {
      guard let own = target[input].stored, own.quantisation.scale >= form.quantisation.scale / 2, consumers[input.index].count == 1,
        !graph.inputs.contains(input), isComputed(input)
      else { continue }
      target[input].stored = form
    }
  }

  private func isComputed(_ value: ValueID) -> Bool {
    producers[value.index].map { graph.nodes[$0].operation.quantisationRule == .ownRange } ?? false
  }

  /// Values from which only cheap float nodes lead to the model's outputs.
  private func floatTail() -> Set<ValueID> {
    var tail = Set(graph.outputs)
    for node in graph.nodes.reversed() where node.outputs.contains(where: { tail.contains($0) }) {
      guard !(node.operation is Conv || node.operation is Gemm), !node.operation.isNamed("MatMul") else { continue }
      for case let input? in node.inputs where graph[input].constant == nil && consumers[input.index].allSatisfy({ isCheap(graph.nodes[$0], tail) }) {
        tail.insert(input)
      }
    }
    return tail
  }

  /// Whether a reader of a value is itself part of the float tail.
  private func isCheap(_ node: Node, _ tail: Set<ValueID>) -> Bool {
    !(node.operation is Conv || node.operation is Gemm) && node.outputs.allSatisfy { tail.contains($0) }
  }
}
