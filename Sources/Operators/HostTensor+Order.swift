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
