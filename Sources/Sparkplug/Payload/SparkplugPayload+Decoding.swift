extension SparkplugPayload {
  /// Reads a payload that anyone may have written. Fields that this module has no use for are stepped over; of fields that may
  /// stand once, the last counts, as protobuf has it. More strictly than protobuf, a known field of another wire type is refused.
  ///
  /// - Throws: `.payloadTooLarge` beyond `limits`, `.malformedPayload` for all else that is wrong.
  public init(_ bytes: [UInt8], within limits: Limits = .command) throws(SparkplugError) {
    guard bytes.count <= limits.byteCount else {
      throw SparkplugError(.payloadTooLarge, "a payload of \(bytes.count) bytes is larger than the \(limits.byteCount) that are read")
    }
    self.init()
    var reader = ProtobufReader(bytes[...])
    while let (number, kind) = try reader.nextField() {
      switch (number, kind) {
      case (PayloadField.timestamp, .varint): timestamp = try reader.varint()
      case (PayloadField.metrics, .delimited):
        let content = try reader.delimited()
        guard metrics.count < limits.metricCount else {
          throw SparkplugError(.payloadTooLarge, "a payload has more than the \(limits.metricCount) metrics that are read")
        }
        metrics.append(try Metric(content, within: limits))
      case (PayloadField.sequence, .varint): sequence = try reader.varint()
      case (PayloadField.timestamp...PayloadField.sequence, _): throw ProtobufReader.malformed("field \(number) has wire type \(kind.rawValue)")
      default: try reader.skip(kind)
      }
    }
  }
}

extension SparkplugPayload.Metric {
  fileprivate init(_ bytes: ArraySlice<UInt8>, within limits: SparkplugPayload.Limits) throws(SparkplugError) {
    self.init()
    var reader = ProtobufReader(bytes)
    while let (number, kind) = try reader.nextField() {
      switch (number, kind) {
      case (MetricField.name, .delimited): name = try Self.text(&reader, limits)
      case (MetricField.alias, .varint): alias = try reader.varint()
      case (MetricField.timestamp, .varint): timestamp = try reader.varint()
      case (MetricField.dataType, .varint): dataType = UInt32(truncatingIfNeeded: try reader.varint())
      case (MetricField.isHistorical, .varint): isHistorical = try reader.varint() != 0
      case (MetricField.isTransient, .varint): isTransient = try reader.varint() != 0
      case (MetricField.isNull, .varint): isNull = try reader.varint() != 0
      case (MetricField.intValue...MetricField.otherValues.upperBound, _): value = try Self.value(number, kind, &reader, limits)
      case (MetricField.name...MetricField.isNull, _): throw ProtobufReader.malformed("field \(number) of a metric has wire type \(kind.rawValue)")
      default: try reader.skip(kind)
      }
    }
  }

  /// One of the fields of which a metric has at most one: the last that is there.
  private static func value(
    _ number: UInt32, _ kind: WireKind, _ reader: inout ProtobufReader, _ limits: SparkplugPayload.Limits
  ) throws(SparkplugError) -> SparkplugPayload.Value? {
    switch (number, kind) {
    case (MetricField.intValue, .varint): return .int(UInt32(truncatingIfNeeded: try reader.varint()))
    case (MetricField.longValue, .varint): return .long(try reader.varint())
    case (MetricField.floatValue, .fixed32): return .float(Float(bitPattern: try reader.fixed32()))
    case (MetricField.doubleValue, .fixed64): return .double(Double(bitPattern: try reader.fixed64()))
    case (MetricField.booleanValue, .varint): return .boolean(try reader.varint() != 0)
    case (MetricField.stringValue, .delimited): return .string(try text(&reader, limits))
    case (MetricField.bytesValue, .delimited): return .bytes(Array(try bounded(&reader, limits)))
    case (MetricField.otherValues, .delimited):
      try reader.skip(kind)
      return nil
    default: throw ProtobufReader.malformed("a value in field \(number) has wire type \(kind.rawValue)")
    }
  }

  private static func text(_ reader: inout ProtobufReader, _ limits: SparkplugPayload.Limits) throws(SparkplugError) -> String {
    guard let text = String(validating: try bounded(&reader, limits), as: UTF8.self) else { throw ProtobufReader.malformed("a string isn't UTF-8") }
    return text
  }

  private static func bounded(_ reader: inout ProtobufReader, _ limits: SparkplugPayload.Limits) throws(SparkplugError) -> ArraySlice<UInt8> {
    let content = try reader.delimited()
    guard content.count <= limits.textByteCount else {
      throw SparkplugError(.payloadTooLarge, "a string of \(content.count) bytes is longer than the \(limits.textByteCount) that are read")
    }
    return content
  }
}
