/// What one element of a tensor is. The raw values are part of the package format: never renumber them.
public enum ElementType: UInt8, Sendable, CaseIterable {
  case float32 = 1
  case uint8 = 2
  case int8 = 3
  case int32 = 4
  case int64 = 5
  case bool = 6
  case float16 = 7
  case float64 = 8
  case int16 = 9
  case uint16 = 10
  case uint32 = 11
  case uint64 = 12

  /// Bytes that one element takes.
  public var byteCount: Int {
    switch self {
    case .uint8, .int8, .bool: 1
    case .float16, .int16, .uint16: 2
    case .float32, .int32, .uint32: 4
    case .int64, .float64, .uint64: 8
    }
  }

  /// Whether this is an 8-bit integer, signed or not: the types that the integer kernels run on.
  public var isEightBitInteger: Bool { self == .uint8 || self == .int8 }

  /// Whether this is a whole number of any width, or bool.
  public var isInteger: Bool { !isFloatingPoint }

  public var isFloatingPoint: Bool { self == .float32 || self == .float16 || self == .float64 }

  /// The lowest and highest value of an 8-bit integer type; nil for every other type.
  public var eightBitRange: ClosedRange<Int32>? {
    switch self {
    case .uint8: 0...255
    case .int8: -128...127
    default: nil
    }
  }

  /// The name used in messages, manifests and `inspect`.
  public var name: StaticString {
    switch self {
    case .float32: "float32"
    case .uint8: "uint8"
    case .int8: "int8"
    case .int32: "int32"
    case .int64: "int64"
    case .bool: "bool"
    case .float16: "float16"
    case .float64: "float64"
    case .int16: "int16"
    case .uint16: "uint16"
    case .uint32: "uint32"
    case .uint64: "uint64"
    }
  }
}
