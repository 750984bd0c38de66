import Tensors

/// Whole numbers in 64 bits, as the kernels compute with them: signed ones keep their sign, unsigned ones their value; uint64 keeps its bits,
/// and bool is 0 or 1.
extension HostTensor {
  func lanes() -> [Int64] {
    switch elementType {
    case .uint64: values(as: UInt64.self).map { Int64(bitPattern: $0) }
    case .bool: bytes.map { $0 == 0 ? 0 : 1 }
    default: integers()
    }
  }

  /// The low bits of each number; bool is whatever isn't 0.
  init(lanes: [Int64], as elementType: ElementType, dimensions: [Int]) {
    switch elementType {
    case .bool: self.init(elementType: .bool, dimensions: dimensions, bytes: lanes.map { $0 == 0 ? 0 : 1 })
    case .uint8: self.init(lanes.map { UInt8(truncatingIfNeeded: $0) }, dimensions: dimensions)
    case .int8: self.init(lanes.map { Int8(truncatingIfNeeded: $0) }, dimensions: dimensions)
    case .uint16: self.init(lanes.map { UInt16(truncatingIfNeeded: $0) }, dimensions: dimensions)
    case .int16: self.init(lanes.map { Int16(truncatingIfNeeded: $0) }, dimensions: dimensions)
    case .uint32: self.init(lanes.map { UInt32(truncatingIfNeeded: $0) }, dimensions: dimensions)
    case .int32: self.init(lanes.map { Int32(truncatingIfNeeded: $0) }, dimensions: dimensions)
    case .uint64: self.init(lanes.map { UInt64(truncatingIfNeeded: $0) }, dimensions: dimensions)
    case .int64: self.init(lanes, dimensions: dimensions)
    case .float32, .float16, .float64: self = HostTensor(lanes, dimensions: dimensions).converted(to: elementType)
    }
  }

  func broadcastLanes(to dimensions: [Int]) -> [Int64] {
    let values = lanes()
    return self.dimensions == dimensions ? values : broadcastOffsets(to: dimensions).map { values[$0] }
  }
}
