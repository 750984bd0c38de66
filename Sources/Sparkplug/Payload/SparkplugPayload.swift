/// The payload of every Sparkplug message but STATE: what stands on the wire, no more and no less. Meaning (which fields a birth
/// or a command must have) is the edge node's business.
///
/// Source: Eclipse Sparkplug 3.0.0, §6.4.1, the schema `sparkplug_b.proto` (proto2).
public struct SparkplugPayload: Sendable, Equatable {
  /// When the message was sent, in milliseconds since 1970, UTC.
  public var timestamp: UInt64?
  public var metrics: [Metric]
  /// The message's number in its session, 0…255.
  public var sequence: UInt64?

  public init(timestamp: UInt64? = nil, metrics: [Metric] = [], sequence: UInt64? = nil) {
    self.timestamp = timestamp
    self.metrics = metrics
    self.sequence = sequence
  }

  public struct Metric: Sendable, Equatable {
    public var name: String?
    /// Stands for the name after the birth that gave both.
    public var alias: UInt64?
    /// When the value was acquired, in milliseconds since 1970, UTC.
    public var timestamp: UInt64?
    /// The number of a type; it need not be one that this module knows.
    public var dataType: UInt32?
    /// Stored for a while: not what is true now.
    public var isHistorical = false
    public var isTransient = false
    public var isNull = false
    public var value: Value?

    public init(name: String? = nil, alias: UInt64? = nil, timestamp: UInt64? = nil, dataType: UInt32? = nil, value: Value? = nil) {
      self.name = name
      self.alias = alias
      self.timestamp = timestamp
      self.dataType = dataType
      self.value = value
    }
  }

  /// The fields in which a value can stand. Data sets, templates and extensions are read over.
  public enum Value: Sendable, Equatable {
    case int(UInt32)
    case long(UInt64)
    case float(Float)
    case double(Double)
    case boolean(Bool)
    case string(String)
    case bytes([UInt8])
  }

  /// What a reader accepts, as a payload comes from whoever may publish to the broker.
  public struct Limits: Sendable {
    /// Of the whole payload.
    public var byteCount: Int
    public var metricCount: Int
    /// Of a name, a string value or a bytes value each.
    public var textByteCount: Int

    public init(byteCount: Int, metricCount: Int, textByteCount: Int) {
      self.byteCount = byteCount
      self.metricCount = metricCount
      self.textByteCount = textByteCount
    }

    /// For NCMD and DCMD: a command writes a few values.
    public static let command = Limits(byteCount: 64 << 10, metricCount: 256, textByteCount: 4 << 10)
    /// For samples that this device stored itself, whose strings may hold a whole detection message.
    public static let stored = Limits(byteCount: 4 << 20, metricCount: 1024, textByteCount: 1 << 20)
  }
}
