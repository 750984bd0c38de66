import Pipelines
import Testing

@testable import Sparkplug

@Suite struct PayloadEncodingTests {
  @Test func `a payload's bytes are those of the schema`() {
    var metric = SparkplugPayload.Metric(name: "ab", alias: 300, timestamp: 1, dataType: 11, value: .boolean(true))
    metric.isHistorical = true
    metric.isTransient = true
    let payload = SparkplugPayload(timestamp: 150, metrics: [metric], sequence: 255)
    #expect(
      payload.encoded() == [
        0x08, 0x96, 0x01,  // timestamp
        0x12, 0x11,  // metrics
        0x0A, 0x02, 0x61, 0x62, 0x10, 0xAC, 0x02, 0x18, 0x01, 0x20, 0x0B, 0x28, 0x01, 0x30, 0x01, 0x70, 0x01,
        0x18, 0xFF, 0x01,  // seq
      ])
  }

  @Test(arguments: [
    (SparkplugPayload.Value.int(1), [0x50, 0x01]), (.long(.max), [0x58, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]),
    (.float(1), [0x65, 0x00, 0x00, 0x80, 0x3F]), (.double(1), [0x69, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F]), (.boolean(false), [0x70, 0x00]),
    (.string("é"), [0x7A, 0x02, 0xC3, 0xA9]), (.bytes([7]), [0x82, 0x01, 0x01, 0x07]),
  ])
  func `every kind of value has its field`(value: SparkplugPayload.Value, bytes: [UInt8]) {
    #expect(SparkplugPayload.Metric(value: value).encoded() == bytes)
  }

  @Test(arguments: [
    (SparkplugValue.int32(-1), SparkplugPayload.Value.int(.max)), (.int64(-2), .long(.max - 1)), (.uint32(7), .int(7)), (.uint64(.max), .long(.max)),
    (.float(0.5), .float(0.5)), (.double(-0.25), .double(-0.25)), (.boolean(true), .boolean(true)), (.string("s"), .string("s")),
    (.dateTime(WallTime(microseconds: 1_999)), .long(1)), (.text("t"), .string("t")), (.bytes([1]), .bytes([1])),
  ])
  func `every type travels in the field that the specification gives it`(value: SparkplugValue, field: SparkplugPayload.Value) {
    #expect(value.onTheWire == field)
    let back = SparkplugValue(field, as: value.dataType)
    #expect(back == value || back == .dateTime(WallTime(microseconds: 1000)))
    for other in [SparkplugPayload.Value.int(0), .long(0), .float(0), .double(0), .boolean(false), .string(""), .bytes([])] {
      let isOfOneKind = Self.field(other) == Self.field(field)
      #expect((SparkplugValue(other, as: value.dataType) != nil) == isOfOneKind)
    }
  }

  private static func field(_ value: SparkplugPayload.Value) -> UInt8? {
    SparkplugPayload.Metric(value: value).encoded().first
  }

  @Test func `every type here has a value, and null is of any`() {
    #expect(Set(SparkplugDataType.allCases.map { SparkplugValue.null($0).dataType }).count == SparkplugDataType.allCases.count)
    #expect(SparkplugDataType.allCases.allSatisfy { SparkplugValue.null($0).isNull && SparkplugValue.null($0).onTheWire == nil })
    #expect(!SparkplugValue.string("").isNull)
  }

  @Test(arguments: [(Int64(1_999), UInt64(1)), (0, 0), (-1, 0), (.min, 0), (.max, 9_223_372_036_854_775)])
  func `timestamps are whole milliseconds since 1970`(microseconds: Int64, milliseconds: UInt64) {
    #expect(WallTime(microseconds: microseconds).sparkplugMilliseconds == milliseconds)
  }

  @Test func `a timestamp beyond what microseconds can say doesn't trap`() {
    #expect(WallTime(sparkplugMilliseconds: .max).microseconds == Int64.max / 1000 * 1000)
  }
}
