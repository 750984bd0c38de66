/// A tensor that owns its elements: constants in the compiler, raw tensors on the command line, expected outputs in tests.
/// Not used on the hot path.
public struct HostTensor: Sendable, Equatable {
  public let elementType: ElementType
  /// Dense, row-major; `[]` is a scalar.
  public let dimensions: [Int]
  /// The elements, little-endian as in memory; `dimensions.elementCount × elementType.byteCount` bytes.
  public let bytes: [UInt8]

  /// - Precondition: `bytes` has exactly the size that type and dimensions need.
  public init(elementType: ElementType, dimensions: [Int], bytes: [UInt8]) {
    precondition(bytes.count == dimensions.elementCount * elementType.byteCount)
    self.elementType = elementType
    self.dimensions = dimensions
    self.bytes = bytes
  }

  /// A tensor of a trivial Swift number type.
  public init<Scalar: TensorScalar>(_ values: [Scalar], dimensions: [Int]) {
    precondition(values.count == dimensions.elementCount)
    let bytes = unsafe values.withUnsafeBytes { unsafe [UInt8]($0) }
    self.init(elementType: Scalar.elementType, dimensions: dimensions, bytes: bytes)
  }

  public var elementCount: Int { dimensions.elementCount }

  /// The elements as they are stored. - Precondition: `Scalar` is the tensor's own type.
  public func values<Scalar: TensorScalar>(as type: Scalar.Type = Scalar.self) -> [Scalar] {
    precondition(Scalar.elementType == elementType)
    let elementCount = elementCount
    return unsafe [Scalar](unsafeUninitializedCapacity: elementCount) { values, count in
      unsafe bytes.withUnsafeBytes { unsafe UnsafeMutableRawBufferPointer(values).copyMemory(from: $0) }
      count = elementCount
    }
  }

  /// The same elements under other dimensions. - Precondition: the element count stays the same.
  public func reshaped(to dimensions: [Int]) -> HostTensor {
    HostTensor(elementType: elementType, dimensions: dimensions, bytes: bytes)
  }
}

/// A Swift number type that is an element type of tensors.
public protocol TensorScalar: BitwiseCopyable, Sendable {
  static var elementType: ElementType { get }
}

extension Float: TensorScalar { public static var elementType: ElementType { .float32 } }
extension Double: TensorScalar { public static var elementType: ElementType { .float64 } }
extension UInt8: TensorScalar { public static var elementType: ElementType { .uint8 } }
extension Int8: TensorScalar { public static var elementType: ElementType { .int8 } }
extension Int16: TensorScalar { public static var elementType: ElementType { .int16 } }
extension UInt16: TensorScalar { public static var elementType: ElementType { .uint16 } }
extension Int32: TensorScalar { public static var elementType: ElementType { .int32 } }
extension UInt32: TensorScalar { public static var elementType: ElementType { .uint32 } }
extension Int64: TensorScalar { public static var elementType: ElementType { .int64 } }
extension UInt64: TensorScalar { public static var elementType: ElementType { .uint64 } }
