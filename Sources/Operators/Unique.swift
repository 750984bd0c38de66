public import ModelGraph
public import Tensors

/// The different elements of a tensor, or the different slices along one axis, each once: sorted, or in the order in which they come.
/// Further outputs: where each comes first, which one stands at each place, how often each comes.
public struct Unique: Operator {
  public static let names = ["Unique"]

  private let axis: Int?
  private let isSorted: Bool
  private let outputCount: Int

  public init(_ description: OperatorDescription) throws(OperatorError) {
    axis = description.attributes["axis"] == nil ? nil : Int(try description.integer("axis", default: 0))
    isSorted = try description.integer("sorted", default: 1) != 0
    outputCount = description.outputCount
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    guard let x = try inputs.required(0, "X").constant else { throw shapedByValues }
    return try evaluate([x]).map(\.type)
  }

  /// Types are found out by evaluation: positions, groups, and the elements as wide numbers.
  public func evaluationCost(for inputs: [OperatorInput?]) -> EvaluationCost {
    var cost = EvaluationCost.sorting(inputs)
    cost.byteCount = cost.steps
    return cost
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let x = try inputs.required(0, "X")
    let axis = try axis.map { (axis) throws(OperatorError) in try normalised(axis: axis, rank: x.dimensions.count) }
    let groups = Groups(SliceOrder(x, axis: axis), isSorted: isSorted)
    let firsts = groups.ranges.map { groups.positions[$0.lowerBound] }
    var inverse = [Int64](repeating: 0, count: groups.positions.count)
    for (group, range) in groups.ranges.enumerated() {
      for member in groups.positions[range] { inverse[member] = Int64(group) }
    }
    let list = { (values: [Int64]) in HostTensor(values, dimensions: [values.count]) }
    let outputs = [SliceOrder(x, axis: axis).taking(firsts), list(firsts.map { Int64($0) }), list(inverse), list(groups.ranges.map { Int64($0.count) })]
    return Array(outputs.prefix(max(outputCount, 1)))
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) { throw shapedByValues }
}

/// Entries that equal each other, together.
private struct Groups {
  /// Of the entries, those of a group ascending.
  let positions: [Int]
  /// Where each group stands among them.
  private(set) var ranges: [Range<Int>] = []

  init(_ order: SliceOrder, isSorted: Bool) {
    // Stable, so that the first of a group is the one that comes first.
    let sorted = (0..<order.count).sorted { order.precedes($0, $1) ?? ($0 < $1) }
    var start = 0
    for end in sorted.indices.map({ $0 + 1 }) where end == sorted.count || order.precedes(sorted[start], sorted[end]) != nil {
      ranges.append(start..<end)
      start = end
    }
    positions = sorted
    if !isSorted { ranges.sort { sorted[$0.lowerBound] < sorted[$1.lowerBound] } }
  }
}

/// The entries of one axis (without one, the single elements), compared element by element. NaN equals NaN and comes last.
private struct SliceOrder {
  let tensor: HostTensor
  let count: Int
  private let axis: Int?
  private let outer: Int
  private let inner: Int
  private let whole: [Int64]
  private let real: [Double]

  init(_ tensor: HostTensor, axis: Int?) {
    self.tensor = tensor
    self.axis = axis
    count = axis.map { tensor.dimensions[$0] } ?? tensor.elementCount
    outer = axis.map { tensor.dimensions[..<$0].elementCount } ?? 1
    inner = axis.map { tensor.dimensions[($0 + 1)...].elementCount } ?? 1
    real = tensor.elementType.isFloatingPoint ? tensor.doubles() : []
    // An offset keeps the order of unsigned numbers within Int64.
    whole = tensor.elementType == .uint64 ? tensor.values(as: UInt64.self).map { Int64(bitPattern: $0 ^ 1 << 63) } : real.isEmpty ? tensor.integers() : []
  }

  private func offset(_ entry: Int, _ element: Int) -> Int { (element / inner * count + entry) * inner + element % inner }

  /// nil where both are equal.
  func precedes(_ a: Int, _ b: Int) -> Bool? {
    for element in 0..<outer * inner {
      let (i, j) = (offset(a, element), offset(b, element))
      if real.isEmpty {
        if whole[i] != whole[j] { return whole[i] < whole[j] }
      } else if real[i].isNaN != real[j].isNaN {
        return real[j].isNaN
      } else if real[i] != real[j], !real[i].isNaN {
        return real[i] < real[j]
      }
    }
    return nil
  }

  func taking(_ entries: [Int]) -> HostTensor {
    guard let axis else { return tensor.picking(entries, dimensions: [entries.count]) }
    var dimensions = tensor.dimensions
    dimensions[axis] = entries.count
    let places = (0..<outer).flatMap { outer in entries.flatMap { entry in (0..<inner).map { (outer * count + entry) * inner + $0 } } }
    return tensor.picking(places, dimensions: dimensions)
  }
}
