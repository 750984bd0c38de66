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
