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
    if x.elementType.isFloatingPoint {
      var groups = [[Double]](repeating: [], count: output.elementCount)
      for (value, target) in zip(x.doubles(), targets) { groups[target].append(value) }
      return HostTensor(doubles: groups.map { kind($0) }, as: x.elementType, dimensions: output)
    }
    var groups = [[Int64]](repeating: [], count: output.elementCount)
    for (value, target) in zip(x.lanes(), targets) { groups[target].append(value) }
    let isUnsigned = x.elementType == .uint64
    var values: [Int64] = []
    for group in groups {
      if group.isEmpty, kind == .maximum || kind == .minimum {
        values.append(kind == .maximum ? x.elementType.lowestLane : x.elementType.highestLane)
        continue
      }
      guard let value = isUnsigned ? kind(group.map { UInt64(bitPattern: $0) }).map({ Int64(bitPattern: $0) }) : kind(group) else {
        throw OperatorError(.unsupported, "reduces \(x.elementType.name) \(x.dimensions) by a rule that needs \(group.isEmpty ? "elements" : "float")")
      }
      values.append(value)
    }
    return HostTensor(lanes: values, as: x.elementType, dimensions: output)
  }

  /// 8 bits for means, maxima and minima, float otherwise. The reduced axes have to lie together: they do in images, else
  /// they move to the end.
  func lower(_ x: ValueID, to y: ValueID, into lowering: inout Lowering) throws(OperatorError) {
    let dimensions = lowering.dimensions(of: x)
    if dimensions.contains(0) { return try lowerEmpty(x, to: y, into: &lowering) }
    let layout = reducibleLayout(lowering.layout(of: x), dimensions)
    var (from, to) = (Representation.plain, Representation.plain)
    let count = axes.map { dimensions[$0] }.elementCount
    let keeps = kind == .maximum || kind == .minimum
    if lowering.graph.type(of: x).elementType == .float32, keeps || kind == .mean && count <= Int(Int32.max) / 255 - 1 {
      (from, to) = try lowering.reducingForms(of: x, to: y, keepsQuantisation: keeps)
    } else if lowering.graph.type(of: x).elementType.isInteger {
      let isTruth = lowering.graph.type(of: x).elementType == .bool
      guard kind([Int64(0)]) != nil, keeps || !isTruth else {
        throw OperatorError(.unsupported, "reduces \(isTruth ? "bool" : "whole numbers") by a rule that needs float")
      }
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

  /// Nothing to reduce: the result is what the rule gives for no numbers.
  private func lowerEmpty(_ x: ValueID, to y: ValueID, into lowering: inout Lowering) throws(OperatorError) {
    let type = lowering.graph.type(of: x).elementType
    let (from, to) = (lowering.dimensions(of: x), lowering.dimensions(of: y))
    let output = lowering.result(y, layout: .identity(rank: to.count), as: .plain)
    guard !to.contains(0) else { return }
    // All results are alike: one is enough.
    let one = from.indices.map { axes.contains($0) ? from[$0] : 1 }
    let value = try evaluate(HostTensor(elementType: type, dimensions: one, bytes: []))
    let pattern = value.bytes.prefix(type.byteCount).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    lowering.emit(.fill(Fill(output: output, pattern: pattern)))
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
