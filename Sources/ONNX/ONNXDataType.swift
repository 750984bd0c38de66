public import Tensors

/// ONNX's number for an element type (`TensorProto.DataType`), whether or not this reader takes its elements.
public struct ONNXDataType: Equatable, Hashable, Sendable {
  public let rawValue: Int32

  public init(rawValue: Int32) { self.rawValue = rawValue }

  /// The type in which elements are stored as they are.
  public init(_ elementType: ElementType) {
    switch elementType {
    case .float32: rawValue = 1
    case .uint8: rawValue = 2
    case .int8: rawValue = 3
    case .uint16: rawValue = 4
    case .int16: rawValue = 5
    case .int32: rawValue = 6
    case .int64: rawValue = 7
    case .bool: rawValue = 9
    case .float16: rawValue = 10
    case .float64: rawValue = 11
    case .uint32: rawValue = 12
    case .uint64: rawValue = 13
    }
  }

  static let float16 = ONNXDataType(rawValue: 10)
  static let bfloat16 = ONNXDataType(rawValue: 16)

  /// The element type that tensors of this type are read as; bfloat16 widens to float32, which loses nothing. nil where
  /// there is none: strings, complex numbers, 8-bit floats, 4-bit integers.
  public var elementType: ElementType? {
    switch rawValue {
    case 1, 16: .float32
    case 2: .uint8
    case 3: .int8
    case 4: .uint16
    case 5: .int16
    case 6: .int32
    case 7: .int64
    case 9: .bool
    case 10: .float16
    case 11: .float64
    case 12: .uint32
    case 13: .uint64
    default: nil
    }
  }

  /// ONNX's own name, for messages.
  public var name: String {
    let names = [
      "undefined", "float", "uint8", "int8", "uint16", "int16", "int32", "int64", "string", "bool", "float16", "double", "uint32", "uint64",
      "complex64", "complex128", "bfloat16", "float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz", "uint4", "int4", "float4e2m1",
    ]
    return rawValue >= 0 && Int(rawValue) < names.count ? names[Int(rawValue)] : "type \(rawValue)"
  }
}
