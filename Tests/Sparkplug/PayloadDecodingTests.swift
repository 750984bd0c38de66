import Pipelines
import Testing

@testable import Sparkplug

@Suite struct PayloadDecodingTests {
  /// Payloads of every shape that can be written.
  private static func payload(_ random: inout SeededRandom) -> SparkplugPayload {
    var payload = SparkplugPayload(timestamp: random.below(4) == 0 ? nil : random.next(), sequence: random.below(3) == 0 ? nil : random.next())
    for _ in 0..<random.below(6) {
      var metric = SparkplugPayload.Metric(
        name: random.below(2) == 0 ? nil : text(&random), alias: random.below(2) == 0 ? nil : random.next() >> UInt64(random.below(64)),
        timestamp: random.below(2) == 0 ? nil : random.next(), dataType: random.below(2) == 0 ? nil : UInt32(truncatingIfNeeded: random.next()))
      metric.isHistorical = random.below(2) == 0
      metric.isTransient = random.below(2) == 0
      metric.isNull = random.below(2) == 0
      metric.value = value(&random)
      payload.metrics.append(metric)
    }
    return payload
  }

  private static func value(_ random: inout SeededRandom) -> SparkplugPayload.Value? {
    switch random.below(8) {
    case 0: .int(UInt32(truncatingIfNeeded: random.next()))
    case 1: .long(random.next())
    case 2: .float(random.normal())
    case 3: .double(Double(random.normal()))
    case 4: .boolean(random.below(2) == 0)
    case 5: .string(text(&random))
    case 6: .bytes((0..<random.below(20)).map { _ in UInt8(truncatingIfNeeded: random.next()) })
    default: nil
    }
  }

  private static func text(_ random: inout SeededRandom) -> String {
    String((0..<random.below(12)).map { _ in Character(Unicode.Scalar(UInt32(random.below(0xD800))) ?? "?") })
  }

  @Test(arguments: 0..<20) func `what is written is read back`(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    for _ in 0..<200 {
      let payload = Self.payload(&random)
      #expect(try SparkplugPayload(payload.encoded()) == payload)
    }
  }

  @Test(arguments: 0..<20) func `damaged payloads give a payload or an error, never more than was there`(seed: UInt64) throws {
    var random = SeededRandom(seed: 1000 + seed)
    for _ in 0..<500 {
      var bytes = Self.payload(&random).encoded()
      for _ in 0...random.below(4) where !bytes.isEmpty {
        let place = random.below(bytes.count)
        switch random.below(4) {
        case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
        case 1: bytes[place] ^= 1 << UInt8(random.below(8))
        case 2: bytes.removeSubrange(place..<min(bytes.count, place + 1 + random.below(4)))
        default: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: place)
        }
      }
      Self.check(bytes)
    }
  }

  @Test(arguments: 0..<20) func `random bytes give a payload or an error`(seed: UInt64) {
    var random = SeededRandom(seed: 2000 + seed)
    for _ in 0..<1000 {
      // Keys and lengths that mean something come often, or few inputs would pass the first field.
      let likely: [UInt8] = [0x08, 0x12, 0x18, 0x0A, 0x10, 0x20, 0x50, 0x58, 0x65, 0x69, 0x70, 0x7A, 0x82, 0x01, 0x02, 0xFF, 0x80]
      Self.check((0..<random.below(60)).map { _ in random.below(2) == 0 ? likely[random.below(likely.count)] : UInt8(truncatingIfNeeded: random.next()) })
    }
  }

  /// Whatever is accepted can be written and read again, and is no larger than what it came from allows.
  private static func check(_ bytes: [UInt8]) {
    do throws(SparkplugError) {
      let payload = try SparkplugPayload(bytes)
      // Numbers may come in more bytes than they need, never in fewer.
      #expect(payload.metrics.count <= bytes.count / 2)
      let again = payload.encoded()
      #expect(try SparkplugPayload(again).encoded() == again)
    } catch {
      #expect([.malformedPayload, .payloadTooLarge].contains(error.code), "\(bytes): \(error)")
    }
  }

  @Test func `a payload that ends anywhere too early is refused, or is the shorter payload that it then is`() throws {
    let whole = SparkplugPayload(timestamp: 150, metrics: [.init(name: "ab", alias: 300, value: .double(1))], sequence: 200).encoded()
    for count in 0..<whole.count {
      do throws(SparkplugError) {
        let payload = try SparkplugPayload(Array(whole.prefix(count)))
        #expect(payload.encoded() == Array(whole.prefix(count)))
      } catch { #expect(error.code == .malformedPayload) }
    }
  }

  @Test(
    arguments: [
      ("a number of eleven bytes", [0x08] + [UInt8](repeating: 0x80, count: 10) + [0x01]),
      ("a number of 65 bits", [0x08] + [UInt8](repeating: 0xFF, count: 9) + [0x02]), ("a number without an end", [0x08, 0x80]),
      ("field number 0", [0x00, 0x01]), ("a field number beyond 29 bits", [0x80, 0x80, 0x80, 0x80, 0x10, 0x00]), ("a group", [0x13, 0x14]),
      ("wire type 7", [0x17]), ("a length beyond the end", [0x12, 0x05, 0x00]),
      ("a length of 2^63", [0x12] + [UInt8](repeating: 0x80, count: 9) + [0x01]),
      ("a length of 2^64 - 1", [0x12] + [UInt8](repeating: 0xFF, count: 9) + [0x01]),
      ("a timestamp as text", [0x0A, 0x00]), ("metrics as a number", [0x10, 0x01]), ("seq in 32 bits", [0x1D, 0, 0, 0, 0]),
      ("a name as a number", [0x12, 0x02, 0x08, 0x01]), ("a float in 64 bits", [0x12, 0x09, 0x61, 0, 0, 0, 0, 0, 0, 0, 0]),
      ("a data set as a number", [0x12, 0x03, 0x88, 0x01, 0x01]), ("a name that isn't UTF-8", [0x12, 0x04, 0x0A, 0x02, 0xC3, 0x28]),
      ("a surrogate as a name", [0x12, 0x05, 0x0A, 0x03, 0xED, 0xA0, 0x80]), ("a float that is cut short", [0x12, 0x03, 0x65, 0x00, 0x00]),
    ] as [(String, [UInt8])])
  func `malformed payloads are refused`(what: String, bytes: [UInt8]) {
    #expect(throws: SparkplugError.self, "\(what)") { try SparkplugPayload(bytes) }
    #expect(Self.code(bytes) == .malformedPayload, "\(what)")
  }

  private static func code(_ bytes: [UInt8], within limits: SparkplugPayload.Limits = .command) -> SparkplugError.Code? {
    do throws(SparkplugError) {
      _ = try SparkplugPayload(bytes, within: limits)
      return nil
    } catch { return error.code }
  }

  @Test func `what is as large as the limits is read, what is larger is not`() throws {
    let limits = SparkplugPayload.Limits(byteCount: 100, metricCount: 3, textByteCount: 10)
    func filled(_ name: String, _ metrics: Int) -> [UInt8] { SparkplugPayload(metrics: .init(repeating: .init(name: name), count: metrics)).encoded() }
    #expect(Self.code(filled("0123456789", 3), within: limits) == nil)
    #expect(Self.code(filled("0123456789a", 1), within: limits) == .payloadTooLarge)
    #expect(Self.code(filled("a", 4), within: limits) == .payloadTooLarge)
    #expect(Self.code([UInt8](repeating: 0, count: 101), within: limits) == .payloadTooLarge)
    #expect(Self.code(SparkplugPayload(metrics: [.init(value: .bytes([UInt8](repeating: 1, count: 11)))]).encoded(), within: limits) == .payloadTooLarge)
    // The smallest metrics there are: 2 bytes each.
    #expect(Self.code([UInt8](repeating: 0, count: 2 * 257).enumerated().map { $0.offset % 2 == 0 ? 0x12 : 0 }) == .payloadTooLarge)
  }

  @Test func `what this module has no use for is stepped over`() throws {
    // uuid, body, an extension; metadata, properties and a template of a metric, nested as deep as the size allows.
    var nested: [UInt8] = []
    for _ in 0..<1000 { nested = [0x12] + Self.length(nested.count) + nested }
    let metric: [UInt8] = [0x0A, 0x01, 0x61, 0x42, 0x02, 0x08, 0x01, 0x4A, 0x00, 0x92, 0x01] + Self.length(nested.count) + nested + [0xF8, 0x3F, 0x05]
    let bytes: [UInt8] = [0x22, 0x01, 0x75, 0x2A, 0x01, 0x00, 0x12] + Self.length(metric.count) + metric + [0xF9, 0x3F, 0, 0, 0, 0, 0, 0, 0, 0, 0x18, 0x09]
    #expect(try SparkplugPayload(bytes) == SparkplugPayload(metrics: [.init(name: "a")], sequence: 9))
  }

  private static func length(_ count: Int) -> [UInt8] {
    count < 0x80 ? [UInt8(count)] : [UInt8(count & 0x7F | 0x80), UInt8(count >> 7)]
  }

  @Test func `of fields given twice the last counts, of two values too`() throws {
    let metric: [UInt8] = [0x0A, 0x01, 0x61, 0x0A, 0x01, 0x62, 0x50, 0x07, 0x70, 0x01]
    let bytes: [UInt8] = [0x08, 0x01, 0x08, 0x02, 0x12, UInt8(metric.count)] + metric
    #expect(try SparkplugPayload(bytes) == SparkplugPayload(timestamp: 2, metrics: [.init(name: "b", value: .boolean(true))]))
  }

  @Test func `a template after a number leaves no value behind`() throws {
    #expect(try SparkplugPayload([0x12, 0x05, 0x50, 0x07, 0x92, 0x01, 0x00]) == SparkplugPayload(metrics: [.init()]))
  }

  @Test(arguments: 0..<10) func `a sample comes back from its stored form`(seed: UInt64) throws {
    var random = SeededRandom(seed: 3000 + seed)
    let values: [SparkplugValue] = [
      .int32(Int32(truncatingIfNeeded: random.next())), .int64(Int64(bitPattern: random.next())), .uint32(.max), .uint64(random.next()),
      .float(random.unit()), .double(Double(random.normal())), .boolean(true), .string(Self.text(&random)), .text("t"), .bytes([0, 255]), .null(.double),
      .dateTime(WallTime(microseconds: 1_772_348_709_000_000)), .string(String(repeating: "x", count: 200_000)),
    ]
    let metrics = values.enumerated().map { SparkplugMetric("Folder/\($0.offset)", $0.element, isTransient: $0.offset % 3 == 0) }
    let sample = SparkplugSample(device: "surface", capturedAt: WallTime(microseconds: 1_772_348_709_123_000), metrics: metrics)
    #expect(try SparkplugSample(device: "surface", storedForm: sample.storedForm) == sample)
  }

  @Test(arguments: [
    SparkplugPayload(metrics: []), SparkplugPayload(timestamp: 1, metrics: [.init(dataType: 3, value: .int(1))]),
    SparkplugPayload(timestamp: 1, metrics: [.init(name: "a", value: .int(1))]), SparkplugPayload(timestamp: 1, metrics: [.init(name: "a", dataType: 3)]),
    SparkplugPayload(timestamp: 1, metrics: [.init(name: "a", dataType: 3, value: .long(1))]),
    SparkplugPayload(timestamp: 1, metrics: [.init(name: "a", dataType: 99, value: .int(1))]),
  ])
  func `what isn't a stored sample is refused`(payload: SparkplugPayload) {
    #expect(throws: SparkplugError.self) { try SparkplugSample(device: nil, storedForm: payload.encoded()) }
  }
}
