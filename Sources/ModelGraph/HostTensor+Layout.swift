public import Tensors

extension HostTensor {
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
