/// Arithmetic on the dimensions of dense, row-major tensors.
extension Array where Element == Int {
  /// The number of elements, or nil where a dimension is negative or the span overflows.
  public var checkedElementCount: Int? {
    guard let span = checkedSpan else { return nil }
    return contains(0) ? 0 : span
  }

  /// The product of the axes that are not empty, or nil where a dimension is negative or the product overflows: no stride is
  /// larger, even where the tensor holds nothing.
  public var checkedSpan: Int? {
    var span = 1
    for dimension in self {
      guard dimension >= 0 else { return nil }
      let (product, overflow) = span.multipliedReportingOverflow(by: Swift.max(dimension, 1))
      guard !overflow else { return nil }
      span = product
    }
    return span
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
