import ModelFormat
import ModelGraph
import Tensors

/// A reduction of some axes of a tensor: dimensions, plain evaluation, lowering.
struct AxisReduction {
  var kind: Reduction.Kind
  /// Ascending.
  var axes: [Int]
  var keepsAxes: Bool

  func outputDimensions(_ x: [Int]) -> [Int] {
    x.indices.compactMap { axes.contains($0) ? (keepsAxes ? 1 : nil) : x[$0] }
  }

  func evaluate(_ x: HostTensor) throws(OperatorError) -> HostTensor {
    let output = outputDimensions(x.dimensions)
    let kept = x.dimensions.indices.map { axes.contains($0) ? 1 : x.dimensions[$0] }
    let strides = kept.rowMajorStrides
    let targets = offsets(x.dimensions, strides: x.dimensions.indices.map { axes.contains($0) ? 0 : strides[$0] })
    let count = x.elementCount / max(output.elementCount, 1)
    guard count > 0 || kind == .sum else { throw OperatorError(.invalid, "reduces \(x.dimensions), which has no elements") }
    if x.elementType.isFloatingPoint {
      var sums = [Double](repeating: start, count: output.elementCount)
      for (value, target) in zip(x.floats(), targets) { sums[target] = step(sums[target], Double(value)) }
      return HostTensor(sums.map { Float(finish($0, count)) }, dimensions: output).converted(to: x.elementType)
    }
    var sums = [Int64?](repeating: nil, count: output.elementCount)
    for (value, target) in zip(x.integers(), targets) { sums[target] = try step(sums[target], value) }
    let values = sums.map { ($0 ?? 0) / (kind == .mean ? Int64(count) : 1) }
    return HostTensor(integers: values, as: x.elementType, dimensions: output)
  }

  private var start: Double {
    switch kind {
    case .maximum: -.infinity
    case .minimum: .infinity
    default: 0
    }
  }

  private func step(_ sum: Double, _ value: Double) -> Double {
    switch kind {
    case .mean, .sum: sum + value
    case .maximum: value.isNaN || sum.isNaN ? .nan : max(sum, value)
    case .minimum: value.isNaN || sum.isNaN ? .nan : min(sum, value)
    case .sumOfSquares, .euclideanNorm: sum + value * value
    }
  }

  private func finish(_ sum: Double, _ count: Int) -> Double {
    switch kind {
    case .mean: sum / Double(count)
    case .euclideanNorm: sum.squareRoot()
    default: sum
    }
  }

  private func step(_ sum: Int64?, _ value: Int64) throws(OperatorError) -> Int64 {
    switch kind {
    case .mean, .sum: return (sum ?? 0) &+ value
    case .sumOfSquares: return (sum ?? 0) &+ value &* value
    case .maximum: return max(sum ?? value, value)
    case .minimum: return min(sum ?? value, value)
    case .euclideanNorm: throw OperatorError(.unsupported, "takes the norm of whole numbers")
    }
  }

  /// 8 bits for means, maxima and minima, float otherwise. The reduced axes have to lie together: they do in images, else
  /// they move to the end.
  func lower(_ x: ValueID, to y: ValueID, into lowering: inout Lowering) throws(OperatorError) {
    let dimensions = lowering.dimensions(of: x)
    let layout = reducibleLayout(lowering.layout(of: x), dimensions)
    var (from, to) = (Representation.plain, Representation.plain)
    let count = axes.map { dimensions[$0] }.elementCount
    let keeps = kind == .maximum || kind == .minimum
    if keeps || kind == .mean && count <= Int(Int32.max) / 255 - 1 {
      (from, to) = try lowering.reducingForms(of: x, to: y, keepsQuantisation: keeps)
    } else {
      try lowering.requireFloat(x)
    }
    let physical = layout.order.filter { dimensions[$0] != 1 }
    let first = physical.firstIndex { axes.contains($0) } ?? physical.count
    let outer = physical[..<first].map { dimensions[$0] }.elementCount
    let inner = physical[first...].filter { !axes.contains($0) }.map { dimensions[$0] }.elementCount
    let input = lowering.operand(x, layout: layout, as: from)
    let output = lowering.result(y, layout: outputLayout(layout), as: to)
    lowering.emit(
      .reduction(Reduction(kind: kind, input: input, output: output, outer: Int32(outer), reduced: Int32(count), inner: Int32(inner))))
  }

  private func reducibleLayout(_ layout: Layout, _ dimensions: [Int]) -> Layout {
    let positions = layout.order.filter { dimensions[$0] != 1 }.enumerated().filter { axes.contains($0.element) }.map(\.offset)
    let liesTogether = positions.isEmpty || positions.last! - positions.first! == positions.count - 1
    return liesTogether ? layout : Layout(layout.order.filter { !axes.contains($0) } + axes)
  }

  private func outputLayout(_ layout: Layout) -> Layout {
    guard !keepsAxes else { return layout }
    let kept = (0..<layout.rank).filter { !axes.contains($0) }
    return Layout(layout.order.filter { !axes.contains($0) }.map { kept.firstIndex(of: $0)! })
  }
}
