import Tensors

/// Elements under broadcast dimensions, and an order over elements of any type.
extension HostTensor {
  func broadcastDoubles(to dimensions: [Int]) -> [Double] {
    let values = doubles()
    return self.dimensions == dimensions ? values : broadcastOffsets(to: dimensions).map { values[$0] }
  }

  /// Numbers that stand in the order of the elements, equal where these are; `nan` for what is no number.
  func orderKeys(nan: Int64) -> [Int64] {
    if elementType == .uint64 { return lanes().map { $0 ^ .min } }
    guard elementType.isFloatingPoint else { return integers() }
    return doubles().map { value in
      if value.isNaN { return nan }
      let bits = Int64(bitPattern: (value == 0 ? 0 : value).bitPattern)
      return bits >= 0 ? bits : .min &- bits
    }
  }
}

extension ElementType {
  /// The lowest whole number of the type, in 64 bits.
  var lowestLane: Int64 {
    switch self {
    case .int8: -1 << 7
    case .int16: -1 << 15
    case .int32: -1 << 31
    case .int64: .min
    default: 0
    }
  }

  /// The highest whole number of the type, in 64 bits.
  var highestLane: Int64 {
    switch self {
    case .uint64: -1
    case .bool: 1
    case .float16, .float32, .float64: .max
    case .int8, .int16, .int32, .int64: ~lowestLane
    case .uint8, .uint16, .uint32: (1 << (8 * byteCount)) - 1
    }
  }
}
