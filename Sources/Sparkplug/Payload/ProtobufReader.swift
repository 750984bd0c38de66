/// Reads protobuf's wire format, one field after the other. Every length is checked against the bytes that are there before
/// anything is read; nothing is recursive, as what isn't wanted is stepped over by its length.
///
/// Source: the Protocol Buffers encoding documentation.
struct ProtobufReader {
  private let bytes: ArraySlice<UInt8>
  private var position: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  private var remaining: Int { bytes.endIndex - position }

  /// The next field's number and kind; nil at the end. Its content must be read or skipped next.
  mutating func nextField() throws(SparkplugError) -> (number: UInt32, kind: WireKind)? {
    guard remaining > 0 else { return nil }
    let key = try varint()
    guard let number = UInt32(exactly: key >> 3), number >= 1, number < 1 << 29 else {
      throw Self.malformed("field number \(key >> 3) is impossible")
    }
    guard let kind = WireKind(rawValue: UInt8(key & 7)) else { throw Self.malformed("wire type \(key & 7) isn't used by Sparkplug") }
    return (number, kind)
  }

  mutating func varint() throws(SparkplugError) -> UInt64 {
    var value: UInt64 = 0
    for index in 0..<10 {
      guard remaining > 0 else { throw Self.truncated }
      let byte = bytes[position]
      position += 1
      guard index < 9 || byte <= 1 else { break }
      value |= UInt64(byte & 0x7F) << UInt64(7 * index)
      if byte & 0x80 == 0 { return value }
    }
    throw Self.malformed("a number is longer than 64 bits")
  }

  mutating func fixed32() throws(SparkplugError) -> UInt32 {
    UInt32(truncatingIfNeeded: try fixed(4))
  }

  mutating func fixed64() throws(SparkplugError) -> UInt64 {
    try fixed(8)
  }

  /// A length and so many bytes.
  mutating func delimited() throws(SparkplugError) -> ArraySlice<UInt8> {
    let length = try varint()
    guard length <= UInt64(remaining) else { throw Self.truncated }
    let start = position
    position += Int(length)
    return bytes[start..<position]
  }

  mutating func skip(_ kind: WireKind) throws(SparkplugError) {
    switch kind {
    case .varint: _ = try varint()
    case .fixed64: _ = try fixed(8)
    case .delimited: _ = try delimited()
    case .fixed32: _ = try fixed(4)
    }
  }

  private mutating func fixed(_ count: Int) throws(SparkplugError) -> UInt64 {
    guard remaining >= count else { throw Self.truncated }
    var value: UInt64 = 0
    for index in 0..<count { value |= UInt64(bytes[position + index]) << UInt64(8 * index) }
    position += count
    return value
  }

  private static let truncated = malformed("it ends in the middle of a field")

  static func malformed(_ what: String) -> SparkplugError {
    SparkplugError(.malformedPayload, "this is no Sparkplug payload: \(what); check what publishes to this topic")
  }
}
