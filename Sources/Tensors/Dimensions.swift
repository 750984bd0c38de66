/// Arithmetic on the dimensions of dense, row-major tensors.
extension Array where Element == Int {
  /// The number of elements, or nil where a dimension is negative or the product overflows.
  public var checkedElementCount: Int? {
    var count = 1
    for dimension in self {
      guard dimension >= 0 else { return nil }
      let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
      guard !overflow else { return nil }
      count = product
    }
    return count
  }

  /// The number of elements of a tensor whose dimensions were validated.
  public var elementCount: Int { reduce(1, *) }

  /// Elements to step for one step along each axis, last axis contiguous.
  public var rowMajorStrides: [Int] {
    var strides = [Int](repeating: 1, count: count)
    var axis = count - 2
    while axis >= 0 {
      strides[axis] = strides[axis + 1] * self[axis + 1]
      axis -= 1
    }
    return strides
  }
}
