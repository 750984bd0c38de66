import ModelGraph
import Operators
import Tensors

/// Decides which values of a canonical float graph are stored in 8 bits, and how.
///
/// Computing operators give their outputs ranges of their own, those of `CalibrationMethod`; moving operators pass their input's form on,
/// and concatenations make one form of their inputs' where that costs little (`FormGroups`). What stands between the last convolution or
/// matrix product and an output stays float: heads mix quantities of very different size there, and cost nothing.
struct QuantisationPlan {
  private let graph: Graph
  private let observed: ObservedValues
  private let ranges: RangeChoice
  private let keptFloat: Set<String>
  private let consumers: [[Int]]
  private let producers: [Int?]

  /// - Parameter keptFloat: names of values that get no 8-bit form.
  init(graph: Graph, observed: ObservedValues, ranges: RangeChoice, keptFloat: Set<String> = []) {
    self.graph = graph
    self.observed = observed
    self.ranges = ranges
    self.keptFloat = keptFloat
    consumers = graph.consumers()
    producers = graph.producers()
  }

  /// The values whose ranges calibration has to observe.
  static func observedValues(of graph: Graph) -> [ValueID] {
    let made = graph.nodes.filter { $0.operation.quantisationRule == .ownRange || $0.operation.quantisationRule == .sharedByAll }.flatMap(\.outputs)
    // What layers read, too: it tells how their weights are rounded.
    let read = LinearLayer.layers(of: graph).map(\.input)
    // Outputs are left out, and so is what stands there already.
    var seen = Set(graph.outputs)
    return (graph.inputs + made + read).filter { graph.type(of: $0).elementType == .float32 && seen.insert($0).inserted }
  }

  /// - Returns: the values that stay float because no single scale serves all their channels.
  @discardableResult
  func annotate(_ target: inout Graph) -> [ValueID] {
    let tail = floatTail()
    target.isCalibrated = true
    giveOwnForms(in: &target, tail)
    let uneven = unevenValues(in: target)
    for value in uneven { target[value].stored = nil }
    for value in target.values.indices where keptFloat.contains(target.values[value].name) { target.values[value].stored = nil }
    for node in graph.nodes where node.operation.quantisationRule == .float {
      for output in node.outputs { target[output].stored = nil }
    }
    shareForms(in: &target, tail)
    return uneven
  }

  /// What the method gives each value by itself.
  private func giveOwnForms(in target: inout Graph, _ tail: Set<ValueID>) {
    for value in graph.inputs + graph.nodes.flatMap(\.outputs) where graph.type(of: value).elementType == .float32 && !tail.contains(value) {
      target[value].stored = ranges.form(of: graph[value].name)
    }
    if observed.method == .meanSquaredError { chooseBeforeFunctions(in: &target, tail) }
  }

  /// Functions that only read a convolution's or matrix product's result: a clamp needs no form before it, since bounds are
  /// rounded like the result; for any other the form before it and the form behind it are found together.
  private func chooseBeforeFunctions(in target: inout Graph, _ tail: Set<ValueID>) {
    for behind in FunctionBehindLayer.all(of: graph) {
      let (x, y) = (behind.argument, behind.result)
      guard !tail.contains(y), target[x].stored != nil, target[y].stored != nil else { continue }
      if behind.function.function == .clamp {
        target[x].stored = nil
      } else if let pair = ranges.pair(before: graph[x].name) {
        (target[x].stored, target[y].stored) = (pair.before, pair.after)
      }
    }
  }

  /// Of a value's channels, one scale may drown so much energy that what follows loses them: above this share, on average over the
  /// channels, the value stays float. (Values that 8 bits serve well lose less than a hundredth.)
  static let largestLostEnergy = 0.05

  /// - Parameter target: with each value's own form.
  private func unevenValues(in target: Graph) -> [ValueID] {
    guard observed.method == .meanSquaredError else { return [] }
    return graph.nodes.filter { $0.operation.quantisationRule == .ownRange }.flatMap(\.outputs).filter { output in
      guard let form = target[output].stored, let known = observed[graph[output].name] else { return false }
      return known.lostEnergy(scale: form.quantisation.scale) > Self.largestLostEnergy
    }
  }

  /// One form for values between which elements only move, and for those that are joined, as far as it costs each of them a bit at most:
  /// then joining is copying, and what goes from join to join is rounded once.
  private func shareForms(in target: inout Graph, _ tail: Set<ValueID>) {
    var groups = FormGroups(count: graph.values.count)
    let float = { (value: ValueID) in tail.contains(value) || graph.type(of: value).elementType != .float32 }
    // What only moves elements gives its form to what it reads and makes, where anything computes that.
    for node in graph.nodes where node.operation.quantisationRule == .sameAsInput {
      for output in node.outputs { target[output].stored = nil }
    }
    for value in target.values.indices { groups.set(target.values[value].stored, of: value, isFixed: graph.inputs.contains(ValueID(value))) }
    for node in graph.nodes where node.operation.quantisationRule == .sameAsInput {
      guard let source = node.input(0) else { continue }
      for output in node.outputs where !float(output) { groups.follow(output.index, source.index) }
    }
    for node in graph.nodes where node.operation.quantisationRule == .sharedByAll {
      guard let output = node.outputs.first else { continue }
      for case let input? in node.inputs where graph[input].constant == nil { groups.join(input.index, output.index) }
    }
    for value in target.values.indices where !float(ValueID(value)) && target.values[value].constant == nil {
      target.values[value].stored = groups.form(of: value)
    }
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
