import ModelGraph
import Tensors

/// GatherND's and ScatterND's way to name blocks of a tensor: each row of the indices holds the first coordinates of one block; leading
/// `batchDimensions` axes run along in both.
struct TupleIndexing {
  /// Axes before the coordinates that data and indices share.
  var batchDimensions: Int
  var data: [Int]
  var indices: [Int]

  /// - Throws: where the shapes don't fit each other.
  init(data: [Int], indices: [Int], batchDimensions: Int = 0) throws(OperatorError) {
    (self.data, self.indices, self.batchDimensions) = (data, indices, batchDimensions)
    guard batchDimensions >= 0, batchDimensions < max(indices.count, 1), let length = indices.last, length >= 0,
      length <= data.count - batchDimensions, batchDimensions <= data.count, data.prefix(batchDimensions) == indices.prefix(batchDimensions)
    else { throw OperatorError(.invalid, "indices \(indices) with \(batchDimensions) batch axes don't fit data \(data)") }
  }

  var coordinateCount: Int { indices[indices.count - 1] }
  /// Extents that the coordinates count along.
  var extents: [Int] { Array(data[batchDimensions..<batchDimensions + coordinateCount]) }
  /// Dimensions of one block.
  var block: [Int] { Array(data[(batchDimensions + coordinateCount)...]) }
  /// Dimensions of all blocks together: GatherND's output, ScatterND's updates.
  var gathered: [Int] { indices.dropLast() + block }
  /// Rows of indices in each batch.
  var countInBatch: Int { indices[batchDimensions...].dropLast().elementCount }
  var batch: [Int] { Array(data[..<batchDimensions]) }

  /// For each block in order the offset of its first element in the data.
  func starts(_ tensor: HostTensor) throws(OperatorError) -> [Int] {
    let values = tensor.integers()
    let (blockSize, extents) = (block.elementCount, extents)
    let count = indices.dropLast().elementCount
    let perBatch = countInBatch
    let batchSize = data[batchDimensions...].elementCount
    var starts: [Int] = []
    starts.reserveCapacity(count)
    for row in 0..<count {
      var offset = 0
      for (axis, extent) in extents.enumerated() {
        offset = offset * extent + (try position(Int(values[row * coordinateCount + axis]), of: extent))
      }
      starts.append(offset * blockSize + row / max(perBatch, 1) * batchSize)
    }
    return starts
  }
}

extension ArraySlice where Element == Int {
  var elementCount: Int { reduce(1, *) }
}
