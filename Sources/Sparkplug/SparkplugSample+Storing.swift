import Pipelines

extension SparkplugSample {
  /// A form to keep in a store until the sample may be published: a Sparkplug payload whose metrics have names and types, without
  /// aliases and sequence, as those belong to a session. The device isn't in it.
  public var storedForm: [UInt8] {
    let metrics = metrics.map { metric in
      var stored = SparkplugPayload.Metric(name: metric.name, dataType: metric.value.dataType.rawValue, value: metric.value.onTheWire)
      stored.isTransient = metric.isTransient
      stored.isNull = metric.value.isNull
      return stored
    }
    return SparkplugPayload(timestamp: capturedAt.sparkplugMilliseconds, metrics: metrics).encoded()
  }

  /// Reads `storedForm`; `capturedAt` is as it was, to the millisecond.
  ///
  /// - Throws: `.malformedPayload` or `.payloadTooLarge`, as for a damaged store.
  public init(device: String?, storedForm: [UInt8]) throws(SparkplugError) {
    let payload = try SparkplugPayload(storedForm, within: .stored)
    guard let timestamp = payload.timestamp else { throw Self.damaged }
    var metrics: [SparkplugMetric] = []
    for stored in payload.metrics {
      guard let name = stored.name, let type = stored.dataType.flatMap(SparkplugDataType.init(rawValue:)) else { throw Self.damaged }
      guard let value = stored.isNull ? .null(type) : stored.value.flatMap({ SparkplugValue($0, as: type) }) else { throw Self.damaged }
      metrics.append(SparkplugMetric(name, value, isTransient: stored.isTransient))
    }
    self.init(device: device, capturedAt: WallTime(sparkplugMilliseconds: timestamp), metrics: metrics)
  }

  private static let damaged = SparkplugError(.malformedPayload, "a stored sample isn't what was stored; the store is damaged")
}
