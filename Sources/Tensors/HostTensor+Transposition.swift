extension HostTensor {
  /// The tensor with axis `i` taken from axis `order[i]`.
  public func transposed(_ order: [Int]) -> HostTensor {
    guard order != Array(0..<dimensions.count) else { return self }
    let size = elementType.byteCount
    let source = dimensions.rowMajorStrides
    let target = order.map { dimensions[$0] }
    let strides = order.map { source[$0] }
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var index = [Int](repeating: 0, count: target.count)
    var offset = 0
    for _ in 0..<elementCount {
      result.append(contentsOf: bytes[offset * size..<(offset + 1) * size])
      var axis = target.count - 1
      while axis >= 0 {
        index[axis] += 1
        offset += strides[axis]
        if index[axis] < target[axis] { break }
        offset -= strides[axis] * target[axis]
        index[axis] = 0
        axis -= 1
      }
    }
    return HostTensor(elementType: elementType, dimensions: target, bytes: result)
  }
}
