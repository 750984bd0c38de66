import ModelFormat
import ModelGraph
import Tensors

/// GatherElements' and ScatterElements' way to name elements: the place of an index in its own tensor, but along one axis what the index
/// says.
struct ElementIndexing {
  var axis: Int
  var data: [Int]
  var indices: [Int]

  /// - Throws: where the indices have another rank than the data, or more places along another axis.
  init(data: [Int], indices: [Int], axis: Int) throws(OperatorError) {
    self.axis = try normalised(axis: axis, rank: data.count)
    (self.data, self.indices) = (data, indices)
    let fits = indices.count == data.count && indices.indices.allSatisfy { $0 == self.axis || indices[$0] <= data[$0] }
    guard fits else { throw OperatorError(.invalid, "indices \(indices) don't fit data \(data)") }
  }

  /// For each index in order the offset of its element in the data.
  func offsets(_ tensor: HostTensor) throws(OperatorError) -> [Int] {
    let positions = try tensor.positions(along: data[axis])
    var strides = data.rowMajorStrides
    let step = strides[axis]
    strides[axis] = 0
    return zip(Operators.offsets(indices, strides: strides), positions).map { $0 + $1 * step }
  }
}

/// As the instructions see it: the axis last, all others in the batch.
extension ElementIndexing {
  var layout: Layout { .last(axis: axis, rank: data.count) }
  var length: Int { data[axis] }
  var count: Int { indices[axis] }
  var batch: Int { indices.indices.filter { $0 != axis }.map { indices[$0] }.elementCount }

  /// Physical dimensions of the part of the data that indices reach.
  private var reached: [Int] { layout.order.map { $0 == axis ? length : indices[$0] } }
  private var coversData: Bool { reached == layout.physical(data) }

  /// The part of a tensor in `layout` that indices reach; the tensor itself where they reach everything.
  func cropped(_ tensor: TensorIndex, in lowering: inout Lowering) -> TensorIndex {
    guard !coversData else { return tensor }
    let part = lowering.addTensor(like: tensor, dimensions: reached)
    lowering.emitMove(reached, from: tensor, layout.physical(data).rowMajorStrides, to: part, reached.rowMajorStrides)
    return part
  }

  /// Emits `write` into a tensor like `output`: into itself where indices reach everything, else into that part, with the rest copied.
  func write(
    _ data: TensorIndex, to output: TensorIndex, in lowering: inout Lowering,
    _ write: (inout Lowering, _ data: TensorIndex, _ output: TensorIndex) throws(OperatorError) -> Void
  ) throws(OperatorError) {
    guard !coversData else { return try write(&lowering, data, output) }
    let part = cropped(data, in: &lowering)
    let changed = lowering.addTensor(like: output, dimensions: reached)
    try write(&lowering, part, changed)
    let physical = layout.physical(self.data)
    lowering.emitMove(physical, from: data, physical.rowMajorStrides, to: output, physical.rowMajorStrides)
    lowering.emitMove(reached, from: changed, reached.rowMajorStrides, to: output, physical.rowMajorStrides)
  }
}
