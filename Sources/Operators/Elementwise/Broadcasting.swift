import ModelGraph
import Tensors

/// NumPy's broadcasting of several shapes: aligned at the last axis, an axis of one element repeats.
func broadcast(_ shapes: [[Int]]) throws(OperatorError) -> [Int] {
  var result: [Int] = []
  for shape in shapes {
    let rank = max(result.count, shape.count)
    let left = [Int](repeating: 1, count: rank - result.count) + result
    let right = [Int](repeating: 1, count: rank - shape.count) + shape
    result = []
    for (a, b) in zip(left, right) {
      guard a == b || a == 1 || b == 1 else { throw OperatorError(.invalid, "shapes \(shapes) don't broadcast") }
      result.append(a == 1 ? b : a)
    }
  }
  return try checked(result)
}

/// For each element of a dense tensor of `dimensions`, in order, the offset that strides lead to.
func offsets(_ dimensions: [Int], strides: [Int]) -> [Int] {
  // Nothing, however long the other axes are.
  guard !dimensions.contains(0) else { return [] }
  var result = [0]
  for (extent, stride) in zip(dimensions, strides) {
    result = result.flatMap { base in (0..<extent).map { base + $0 * stride } }
  }
  return result
}

extension HostTensor {
  /// Elements as if the tensor had the broadcast dimensions.
  func broadcastOffsets(to dimensions: [Int]) -> [Int] {
    let missing = dimensions.count - self.dimensions.count
    let strides = self.dimensions.rowMajorStrides
    let stretched = dimensions.indices.map { $0 < missing || self.dimensions[$0 - missing] == 1 ? 0 : strides[$0 - missing] }
    return offsets(dimensions, strides: stretched)
  }

  func broadcastFloats(to dimensions: [Int]) -> [Float] {
    let values = floats()
    return self.dimensions == dimensions ? values : broadcastOffsets(to: dimensions).map { values[$0] }
  }

  func broadcastIntegers(to dimensions: [Int]) -> [Int64] {
    let values = integers()
    return self.dimensions == dimensions ? values : broadcastOffsets(to: dimensions).map { values[$0] }
  }
}
