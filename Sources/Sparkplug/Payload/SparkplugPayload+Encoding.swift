extension SparkplugPayload {
  /// The payload's bytes: what is nil or false is left out, fields stand in the order of their numbers.
  public func encoded() -> [UInt8] {
    var writer = ProtobufWriter(reserving: 32 + 48 * metrics.count)
    if let timestamp { writer.field(PayloadField.timestamp, varint: timestamp) }
    for metric in metrics { writer.field(PayloadField.metrics, delimited: metric.encoded()) }
    if let sequence { writer.field(PayloadField.sequence, varint: sequence) }
    return writer.bytes
  }
}

extension SparkplugPayload.Metric {
  func encoded() -> [UInt8] {
    var writer = ProtobufWriter()
    if let name { writer.field(MetricField.name, delimited: name.utf8) }
    if let alias { writer.field(MetricField.alias, varint: alias) }
    if let timestamp { writer.field(MetricField.timestamp, varint: timestamp) }
    if let dataType { writer.field(MetricField.dataType, varint: UInt64(dataType)) }
    if isHistorical { writer.field(MetricField.isHistorical, varint: 1) }
    if isTransient { writer.field(MetricField.isTransient, varint: 1) }
    if isNull { writer.field(MetricField.isNull, varint: 1) }
    switch value {
    case .int(let value): writer.field(MetricField.intValue, varint: UInt64(value))
    case .long(let value): writer.field(MetricField.longValue, varint: value)
    case .float(let value): writer.field(MetricField.floatValue, fixed32: value.bitPattern)
    case .double(let value): writer.field(MetricField.doubleValue, fixed64: value.bitPattern)
    case .boolean(let value): writer.field(MetricField.booleanValue, varint: value ? 1 : 0)
    case .string(let value): writer.field(MetricField.stringValue, delimited: value.utf8)
    case .bytes(let value): writer.field(MetricField.bytesValue, delimited: value)
    case nil: break
    }
    return writer.bytes
  }
}
