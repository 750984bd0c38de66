public import Pipelines

/// A metric's value with its Sparkplug type.
public enum SparkplugValue: Sendable, Equatable {
  case int32(Int32)
  case int64(Int64)
  case uint32(UInt32)
  case uint64(UInt64)
  case float(Float)
  case double(Double)
  case boolean(Bool)
  case string(String)
  /// On the wire in milliseconds.
  case dateTime(WallTime)
  /// A longer string; hosts treat it as one.
  case text(String)
  case bytes([UInt8])
  /// There is no value of this type at the moment.
  case null(SparkplugDataType)

  public var dataType: SparkplugDataType {
    switch self {
    case .int32: .int32
    case .int64: .int64
    case .uint32: .uint32
    case .uint64: .uint64
    case .float: .float
    case .double: .double
    case .boolean: .boolean
    case .string: .string
    case .dateTime: .dateTime
    case .text: .text
    case .bytes: .bytes
    case .null(let type): type
    }
  }

  public var isNull: Bool {
    if case .null = self { true } else { false }
  }

  /// Signed numbers travel as their two's complement in an unsigned field, of 32 bits up to 32, else of 64; nil for null.
  var onTheWire: SparkplugPayload.Value? {
    switch self {
    case .int32(let value): .int(UInt32(bitPattern: value))
    case .int64(let value): .long(UInt64(bitPattern: value))
    case .uint32(let value): .int(value)
    case .uint64(let value): .long(value)
    case .float(let value): .float(value)
    case .double(let value): .double(value)
    case .boolean(let value): .boolean(value)
    case .string(let value), .text(let value): .string(value)
    case .dateTime(let value): .long(value.sparkplugMilliseconds)
    case .bytes(let value): .bytes(value)
    case .null: nil
    }
  }

  /// What a field of the wire means for a metric of a type; nil when the field isn't the type's.
  init?(_ value: SparkplugPayload.Value, as type: SparkplugDataType) {
    switch (type, value) {
    case (.int32, .int(let value)): self = .int32(Int32(bitPattern: value))
    case (.int64, .long(let value)): self = .int64(Int64(bitPattern: value))
    case (.uint32, .int(let value)): self = .uint32(value)
    case (.uint64, .long(let value)): self = .uint64(value)
    case (.float, .float(let value)): self = .float(value)
    case (.double, .double(let value)): self = .double(value)
    case (.boolean, .boolean(let value)): self = .boolean(value)
    case (.string, .string(let value)): self = .string(value)
    case (.text, .string(let value)): self = .text(value)
    case (.dateTime, .long(let value)): self = .dateTime(WallTime(sparkplugMilliseconds: value))
    case (.bytes, .bytes(let value)): self = .bytes(value)
    default: return nil
    }
  }
}

extension WallTime {
  /// Since 1970 in UTC, whole milliseconds, rounded down, as every timestamp of Sparkplug; moments before 1970 are held to it.
  var sparkplugMilliseconds: UInt64 {
    UInt64(max(0, microseconds) / 1000)
  }

  /// Times beyond what microseconds can say (the year 294247) are held to that.
  init(sparkplugMilliseconds: UInt64) {
    self.init(microseconds: Int64(min(sparkplugMilliseconds, UInt64(Int64.max / 1000))) * 1000)
  }
}
