extension HostTensor {
  /// The elements as Float, whatever they are stored as; 64-bit values round to nearest.
  public func floats() -> [Float] {
    switch elementType {
    case .float32: values(as: Float.self)
    case .float64: values(as: Double.self).map { Float($0) }
    case .float16: values16().map { Float(halfPattern: $0) }
    case .uint64: values(as: UInt64.self).map { Float($0) }
    default: integers().map { Float($0) }
    }
  }

  /// The elements as Double: exact but for whole numbers of 64 bits, which round to nearest.
  private func doubles() -> [Double] {
    switch elementType {
    case .float64: values(as: Double.self)
    case .float32, .float16: floats().map { Double($0) }
    case .uint64: values(as: UInt64.self).map { Double($0) }
    default: integers().map { Double($0) }
    }
  }

  /// The elements as Int64: floating-point values truncate toward zero and saturate, NaN gives 0; uint64 saturates.
  public func integers() -> [Int64] {
    switch elementType {
    case .float32, .float16: floats().map { Int64(saturating: Double($0)) }
    case .float64: values(as: Double.self).map { Int64(saturating: $0) }
    case .uint8, .bool: bytes.map { Int64($0) }
    case .int8: values(as: Int8.self).map { Int64($0) }
    case .int16: values(as: Int16.self).map { Int64($0) }
    case .uint16: values(as: UInt16.self).map { Int64($0) }
    case .int32: values(as: Int32.self).map { Int64($0) }
    case .uint32: values(as: UInt32.self).map { Int64($0) }
    case .int64: values(as: Int64.self)
    case .uint64: values(as: UInt64.self).map { Int64(clamping: $0) }
    }
  }

  /// The tensor in another element type: integers saturate, floating point truncates toward zero, `bool` is "not zero". From and to
  /// floating point it gives what the instruction `cast` does.
  public func converted(to type: ElementType) -> HostTensor {
    guard type != elementType else { return self }
    switch type {
    case .float32: return HostTensor(floats(), dimensions: dimensions)
    case .float64: return HostTensor(doubles(), dimensions: dimensions)
    case .float16:
      return HostTensor(
        elementType: .float16, dimensions: dimensions,
        bytes: doubles().flatMap { value -> [UInt8] in
          let pattern = value.halfPattern
          return [UInt8(truncatingIfNeeded: pattern), UInt8(truncatingIfNeeded: pattern >> 8)]
        })
    case .bool:
      let flags = elementType.isFloatingPoint ? doubles().map { $0 != 0 } : integers().map { $0 != 0 }
      return HostTensor(elementType: .bool, dimensions: dimensions, bytes: flags.map { $0 ? 1 : 0 })
    case .uint8: return HostTensor(integers().map { UInt8(clamping: $0) }, dimensions: dimensions)
    case .int8: return HostTensor(integers().map { Int8(clamping: $0) }, dimensions: dimensions)
    case .int16: return HostTensor(integers().map { Int16(clamping: $0) }, dimensions: dimensions)
    case .uint16: return HostTensor(integers().map { UInt16(clamping: $0) }, dimensions: dimensions)
    case .int32: return HostTensor(integers().map { Int32(clamping: $0) }, dimensions: dimensions)
    case .uint32: return HostTensor(integers().map { UInt32(clamping: $0) }, dimensions: dimensions)
    case .int64: return HostTensor(integers(), dimensions: dimensions)
    case .uint64 where elementType.isFloatingPoint: return HostTensor(doubles().map { UInt64(saturating: $0) }, dimensions: dimensions)
    case .uint64: return HostTensor(integers().map { UInt64(clamping: $0) }, dimensions: dimensions)
    }
  }

  private func values16() -> [UInt16] {
    (0..<elementCount).map { UInt16(bytes[2 * $0]) | UInt16(bytes[2 * $0 + 1]) << 8 }
  }
}

extension Int64 {
  fileprivate init(saturating value: Double) {
    switch value {
    case 0x1p63...: self = .max
    case ...(-0x1p63): self = .min
    default: self = value.isNaN ? 0 : Int64(value)
    }
  }
}

extension UInt64 {
  fileprivate init(saturating value: Double) {
    switch value {
    case 0x1p64...: self = .max
    case ...0: self = 0
    default: self = value.isNaN ? 0 : UInt64(value)
    }
  }
}

extension Float {
  /// The value of an IEEE 754 binary16 bit pattern. Written out because `Float16` is missing on x86 Linux's older targets.
  public init(halfPattern pattern: UInt16) {
    let sign = UInt32(pattern & 0x8000) << 16
    let exponent = UInt32(pattern >> 10) & 0x1F
    let fraction = UInt32(pattern & 0x3FF)
    if exponent == 0x1F {
      self = Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
    } else if exponent != 0 {
      self = Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    } else {
      let magnitude = Float(fraction) * 0x1p-24
      self = sign == 0 ? magnitude : -magnitude
    }
  }

  /// The IEEE 754 binary16 bit pattern nearest to this value, ties to even.
  public var halfPattern: UInt16 { Double(self).halfPattern }
}

extension Double {
  /// The IEEE 754 binary16 bit pattern nearest to this value, ties to even; rounded once.
  public var halfPattern: UInt16 {
    let sign = UInt16(truncatingIfNeeded: bitPattern >> 48) & 0x8000
    if isNaN { return sign | 0x7E00 }
    if magnitude >= 65520 { return sign | 0x7C00 }
    if magnitude < 0x1p-14 {
      return sign | UInt16((magnitude * 0x1p24).rounded(.toNearestOrEven))
    }
    let bits = magnitude.bitPattern
    let rounded = bits + (1 << 41 - 1) + (bits >> 42 & 1)
    return sign | UInt16(truncatingIfNeeded: (rounded - (1008 << 52)) >> 42)
  }
}
