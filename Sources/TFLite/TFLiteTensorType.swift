public import Tensors

/// TFLite's number for an element type, whether or not this reader takes its elements.
public struct TFLiteTensorType: Equatable, Hashable, Sendable {
  public let rawValue: Int

  public init(rawValue: Int) { self.rawValue = rawValue }

  public static let float32 = TFLiteTensorType(rawValue: 0)
  public static let int16 = TFLiteTensorType(rawValue: 7)
  static let bool = TFLiteTensorType(rawValue: 6)
  static let int4 = TFLiteTensorType(rawValue: 17)

  private static let kinds: [(name: String, elementType: ElementType?)] = [
    ("float32", .float32), ("float16", .float16), ("int32", .int32), ("uint8", .uint8), ("int64", .int64), ("string", nil), ("bool", .bool), ("int16", .int16),
    ("complex64", nil), ("int8", .int8), ("float64", .float64), ("complex128", nil), ("uint64", .uint64), ("resource", nil), ("variant", nil),
    ("uint32", .uint32), ("uint16", .uint16), ("int4", .int8), ("bfloat16", nil), ("int2", nil), ("uint4", nil), ("float8e4m3fn", nil), ("float8e5m2", nil),
  ]

  /// The element type that tensors of this type are read as; int4 widens to int8. nil where there is none.
  public var elementType: ElementType? { Self.kinds.indices.contains(rawValue) ? Self.kinds[rawValue].elementType : nil }

  /// For messages.
  public var name: String { Self.kinds.indices.contains(rawValue) ? Self.kinds[rawValue].name : "type \(rawValue)" }
}
