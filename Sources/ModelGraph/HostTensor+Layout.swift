public import Tensors

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

  /// A float tensor in 8 bits.
  public func quantised(as stored: StoredQuantisation) -> HostTensor {
    let range = stored.elementType.eightBitRange!
    let quantised = floats().map { UInt8(truncatingIfNeeded: stored.quantisation.quantised($0, in: range)) }
    return HostTensor(elementType: stored.elementType, dimensions: dimensions, bytes: quantised)
  }
}

extension StoredQuantisation {
  /// The 8-bit form that covers a range of real values: zero is exactly representable, the scale never zero.
  public static func covering(_ range: ClosedRange<Float>, as elementType: ElementType = .uint8) -> StoredQuantisation {
    let integers = elementType.eightBitRange!
    let lower = min(range.lowerBound, 0)
    let upper = max(range.upperBound, 0)
    let scale = max((upper - lower) / 255, 1e-8)
    let zeroPoint = (Float(integers.lowerBound) - lower / scale).rounded(.toNearestOrEven)
    return StoredQuantisation(elementType, Quantisation(scale: scale, zeroPoint: min(max(Int32(zeroPoint), integers.lowerBound), integers.upperBound)))
  }
}
