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
      var groups = [[Double]](repeating: [], count: output.elementCount)
      for (value, target) in zip(x.floats(), targets) { groups[target].append(Double(value)) }
      return HostTensor(groups.map { Float(kind($0)) }, dimensions: output).converted(to: x.elementType)
    }
    var groups = [[Int64]](repeating: [], count: output.elementCount)
    for (value, target) in zip(x.lanes(), targets) { groups[target].append(value) }
    let isUnsigned = x.elementType == .uint64
    var values: [Int64] = []
    for group in groups {
      guard let value = isUnsigned ? kind(group.map { UInt64(bitPattern: $0) }).map({ Int64(bitPattern: $0) }) : kind(group) else {
        throw OperatorError(.unsupported, "reduces \(x.elementType.name) by a rule that needs float")
      }
      values.append(value)
    }
    return HostTensor(lanes: values, as: x.elementType, dimensions: output)
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
