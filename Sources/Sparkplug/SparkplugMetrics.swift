/// The metrics that Swiftlet publishes: the one list of their names and types. Plain values come in, so that nothing here knows
/// the agent's own types.
public enum SparkplugMetrics {
  /// What one processed frame showed, of one pipeline.
  public struct Frame: Sendable, Equatable {
    /// The camera's or the replay's own count.
    public var number: UInt64
    public var count: Int
    /// The detection of the highest score; nil without any.
    public var best: (label: String, score: Float)?
    /// The whole detection message, JSON, as the plain encoding publishes it.
    public var message: String
    public var model: String
    public var modelVersion: String
    /// Whether the times can be believed.
    public var clockIsSynchronised: Bool

    public init(
      number: UInt64, count: Int, best: (label: String, score: Float)?, message: String, model: String, modelVersion: String, clockIsSynchronised: Bool
    ) {
      self.number = number
      self.count = count
      self.best = best
      self.message = message
      self.model = model
      self.modelVersion = modelVersion
      self.clockIsSynchronised = clockIsSynchronised
    }

    public static func == (left: Self, right: Self) -> Bool {
      left.device == right.device
    }

    /// The device's metrics after this frame.
    public var device: [SparkplugMetric] {
      [
        SparkplugMetric("Detections/Count", .int32(Int32(clamping: count))),
        SparkplugMetric("Detections/Best Label", best.map { .string($0.label) } ?? .null(.string)),
        SparkplugMetric("Detections/Best Score", best.map { .float(SparkplugMetrics.share($0.score)) } ?? .null(.float)),
        SparkplugMetric("Detections/Message", .string(message)),
        SparkplugMetric("Frame/Number", .int64(Int64(clamping: number))),
        SparkplugMetric("Frame/Clock Synchronised", .boolean(clockIsSynchronised)),
      ] + SparkplugMetrics.model(model, modelVersion)
    }
  }

  /// A device's metrics before its first frame: what no frame has told yet is null.
  public static func device(model name: String, version: String) -> [SparkplugMetric] {
    [
      SparkplugMetric("Detections/Count", .null(.int32)), SparkplugMetric("Detections/Best Label", .null(.string)),
      SparkplugMetric("Detections/Best Score", .null(.float)), SparkplugMetric("Detections/Message", .null(.string)),
      SparkplugMetric("Frame/Number", .null(.int64)), SparkplugMetric("Frame/Clock Synchronised", .null(.boolean)),
      SparkplugMetric("Outbox/Gap", .null(.string)),
    ] + model(name, version)
  }

  /// Stored results that were given up: the gap event, JSON, as the plain encoding publishes it.
  public static func gap(_ message: String) -> SparkplugMetric { SparkplugMetric("Outbox/Gap", .string(message)) }

  /// The edge node's metrics beside `bdSeq` and `Node Control/Rebirth`.
  public static func node(agentVersion: String, bootID: String, operatingSystem: String? = nil, hardwareModel: String? = nil) -> [SparkplugMetric] {
    [
      SparkplugMetric("Properties/Agent", .string("swiftlet")), SparkplugMetric("Properties/Agent Version", .string(agentVersion)),
      SparkplugMetric("Properties/Boot ID", .string(bootID)),
      SparkplugMetric("Properties/OS", operatingSystem.map { .string($0) } ?? .null(.string)),
      SparkplugMetric("Properties/Hardware Model", hardwareModel.map { .string($0) } ?? .null(.string)),
    ]
  }

  private static func model(_ name: String, _ version: String) -> [SparkplugMetric] {
    [SparkplugMetric("Model/Name", .string(name)), SparkplugMetric("Model/Version", .string(version))]
  }

  /// Held to 0…1, as in the message; NaN compares false and so becomes 0.
  private static func share(_ value: Float) -> Float {
    value > 0 ? min(value, 1) : 0
  }
}
