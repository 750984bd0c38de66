import Tensors

/// Plain evaluation in double precision, and moving elements of any type.
extension HostTensor {
  /// The elements as Double; 64-bit whole numbers beyond 2⁵³ round to nearest.
  func doubles() -> [Double] {
    switch elementType {
    case .float64: values(as: Double.self)
    case .float32, .float16: floats().map { Double($0) }
    case .uint64: values(as: UInt64.self).map { Double($0) }
    default: integers().map { Double($0) }
    }
  }

  /// A tensor of any type from results in double precision: whole numbers saturate and lose their fractions.
  init(doubles: [Double], as elementType: ElementType, dimensions: [Int]) {
    self =
      elementType == .float32
      ? HostTensor(doubles.map { Float($0) }, dimensions: dimensions) : HostTensor(doubles, dimensions: dimensions).converted(to: elementType)
  }

  /// The bytes of one element.
  func element(_ offset: Int) -> ArraySlice<UInt8> {
    let size = elementType.byteCount
    return bytes[offset * size..<(offset + 1) * size]
  }

  /// The elements at these offsets, in this order; where an offset is negative the element of `fill` (zero without one).
  func picking(_ offsets: [Int], dimensions: [Int], fill: HostTensor? = nil) -> HostTensor {
    let size = elementType.byteCount
    let blank = fill?.converted(to: elementType).bytes ?? [UInt8](repeating: 0, count: size)
    var result: [UInt8] = []
    result.reserveCapacity(offsets.count * size)
    for offset in offsets { result += offset < 0 ? blank[...] : element(offset) }
    return HostTensor(elementType: elementType, dimensions: dimensions, bytes: result)
  }
}
