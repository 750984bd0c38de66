import ModelFormat
import ModelGraph
import Tensors

/// A constant table of rows that run-time indices choose from, kept in 8 bits as the weights of layers are: an embedding, which often is a
/// layer's weights, too, and then the same bytes.
struct NarrowedTable {
  private let narrowed: NarrowedWeights
  private let rows: Int
  private let width: Int
  /// Smaller tables (of a few classes) and those of narrow rows (of anchors, of angles) stay float.
  private static let leastCount = 1 << 16
  private static let leastWidth = 64

  /// nil where the table stays float.
  init?(of value: ValueID, in lowering: Lowering) {
    guard lowering.graph.weightBits == 8, let table = lowering.graph[value].constant, table.elementType == .float32, table.dimensions.count == 2,
      table.elementCount >= Self.leastCount, table.dimensions[1] >= Self.leastWidth
    else {
      return nil
    }
    (rows, width) = (table.dimensions[0], table.dimensions[1])
    guard let narrowed = NarrowedWeights.of(table.reshaped(to: [rows, 1, 1, width]), in: lowering) else { return nil }
    self.narrowed = narrowed
  }

  /// Rows and their scales are gathered each by themselves.
  func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    let (indices, name) = (node.inputs[1]!, lowering.graph[node.outputs[0]].name)
    let shape = lowering.dimensions(of: indices)
    let count = shape.elementCount
    let entries = lowering.operand(indices, layout: .identity(rank: shape.count), as: .plain)
    let integers = lowering.addConstant(narrowed.integers.reshaped(to: [rows, width]), name: "\(name).table")
    let scales = lowering.addConstant(narrowed.scales.reshaped(to: [rows, 1]), name: "\(name).scales")
    let chosen = lowering.addTensor(name: "\(name).rows", elementType: .int8, dimensions: [count, width])
    let floats = lowering.addTensor(name: "\(name).integers", elementType: .float32, dimensions: [count, width])
    let factors = lowering.addTensor(name: "\(name).factors", elementType: .float32, dimensions: [count, 1])
    try lowering.emitGather(integers, entries, to: chosen, batch: 1, extents: [rows], count: count, inner: width, sharesIndices: true)
    try lowering.emitGather(scales, entries, to: factors, batch: 1, extents: [rows], count: count, inner: 1, sharesIndices: true)
    lowering.emit(.cast(Conversion(input: chosen, output: floats)))
    let output = lowering.result(node.outputs[0], layout: .identity(rank: shape.count + 1), as: .plain)
    lowering.emit(.binary(Binary(operation: .multiply, left: floats, right: factors, output: lowering.addView(of: output, dimensions: [count, width]))))
  }
}
