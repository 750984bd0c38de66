/// Reads protobuf's wire format, one field after the other, from borrowed bytes. Every length is checked against the bytes
/// that are really there before anything is read.
///
/// Source: the Protocol Buffers encoding documentation, wire types 0 (varint), 1 (64-bit), 2 (length-delimited), 5 (32-bit).
///
/// A reader borrows: it must not outlive the bytes. Nothing outside this module sees one.
@safe struct WireReader {
  /// Messages may nest this deep. ONNX's own need about ten levels; control flow adds four each.
  static let deepestNesting = 64

  private let bytes: UnsafeRawBufferPointer
  private var position = 0
  private let depth: Int

  init(_ bytes: UnsafeRawBufferPointer, depth: Int = 0) {
    unsafe self.bytes = bytes
    self.depth = depth
  }

  var byteCount: Int { unsafe bytes.count }
  var remaining: Int { byteCount - position }

  /// The next field, nil at the end.
  mutating func next() throws(ONNXError) -> WireField? {
    guard remaining > 0 else { return nil }
    let key = try varint()
    guard let number = Int(exactly: key >> 3), number >= 1, number < 1 << 29 else {
      throw ONNXError(.malformed, "field number \(key >> 3) is impossible; this is not an ONNX file, or it was damaged")
    }
    switch key & 7 {
    case 0: return WireField(number: number, payload: .varint(try varint()))
    case 1: return WireField(number: number, payload: .fixed64(try fixed(UInt64.self)))
    case 2: return WireField(number: number, payload: .bytes(try delimited()))
    case 5: return WireField(number: number, payload: .fixed32(try fixed(UInt32.self)))
    default: throw ONNXError(.malformed, "wire type \(key & 7) is none of ONNX's; this is not an ONNX file, or it was damaged")
    }
  }

  mutating func varint() throws(ONNXError) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      guard remaining > 0 else { throw Self.truncated }
      let byte = unsafe bytes[position]
      position += 1
      guard shift < 63 || byte <= 1 else { throw ONNXError(.malformed, "an integer is longer than 64 bits") }
      value |= UInt64(byte & 0x7F) << shift
      if byte & 0x80 == 0 { return value }
      shift += 7
    }
  }

  mutating func fixed<Value: FixedWidthInteger & BitwiseCopyable>(_ type: Value.Type) throws(ONNXError) -> Value {
    let size = MemoryLayout<Value>.size
    guard remaining >= size else { throw Self.truncated }
    let value = unsafe bytes.loadUnaligned(fromByteOffset: position, as: Value.self)
    position += size
    return Value(littleEndian: value)
  }

  private mutating func delimited() throws(ONNXError) -> WireReader {
    let length = try varint()
    guard length <= UInt64(remaining) else { throw Self.truncated }
    let start = position
    position += Int(length)
    return unsafe WireReader(UnsafeRawBufferPointer(rebasing: bytes[start..<position]), depth: depth + 1)
  }

  /// This reader as a nested message's, refused where messages nest too deep.
  func entered() throws(ONNXError) -> WireReader {
    guard depth <= Self.deepestNesting else { throw ONNXError(.tooLarge, "messages nest more than \(Self.deepestNesting) deep") }
    return self
  }

  /// A copy of all bytes.
  func copied() -> [UInt8] { unsafe [UInt8](bytes) }

  /// The bytes as text.
  func text() throws(ONNXError) -> String {
    guard let text = unsafe String(validating: bytes, as: UTF8.self) else { throw ONNXError(.malformed, "a name or text is not UTF-8") }
    return text
  }

  private static var truncated: ONNXError { ONNXError(.truncated, "the bytes end inside a field; the file was cut short or damaged") }
}

/// One field of a message: its number, and its payload read as what the message's schema says it is.
struct WireField {
  enum Payload {
    case varint(UInt64)
    case fixed64(UInt64)
    case fixed32(UInt32)
    case bytes(WireReader)
  }

  let number: Int
  let payload: Payload

  func integer() throws(ONNXError) -> Int64 {
    guard case .varint(let value) = payload else { throw mismatch("an integer") }
    return Int64(bitPattern: value)
  }

  func float() throws(ONNXError) -> Float {
    guard case .fixed32(let value) = payload else { throw mismatch("a float") }
    return Float(bitPattern: value)
  }

  func bytes() throws(ONNXError) -> WireReader {
    guard case .bytes(let reader) = payload else { throw mismatch("text or bytes") }
    return reader
  }

  func text() throws(ONNXError) -> String { try bytes().text() }

  func message() throws(ONNXError) -> WireReader {
    guard case .bytes(let reader) = payload else { throw mismatch("a message") }
    return try reader.entered()
  }

  /// Hands each element of a repeated integer field to `body`, packed or not.
  func eachInteger(_ body: (Int64) throws(ONNXError) -> Void) throws(ONNXError) {
    switch payload {
    case .varint(let value): try body(Int64(bitPattern: value))
    case .bytes(var reader):
      while reader.remaining > 0 { try body(Int64(bitPattern: try reader.varint())) }
    default: throw mismatch("integers")
    }
  }

  /// Hands the bits of each element of a repeated float field to `body`, packed or not.
  func eachFixed32(_ body: (UInt32) throws(ONNXError) -> Void) throws(ONNXError) {
    switch payload {
    case .fixed32(let value): try body(value)
    case .bytes(var reader):
      while reader.remaining > 0 { try body(try reader.fixed(UInt32.self)) }
    default: throw mismatch("floats")
    }
  }

  /// Hands the bits of each element of a repeated double field to `body`, packed or not.
  func eachFixed64(_ body: (UInt64) throws(ONNXError) -> Void) throws(ONNXError) {
    switch payload {
    case .fixed64(let value): try body(value)
    case .bytes(var reader):
      while reader.remaining > 0 { try body(try reader.fixed(UInt64.self)) }
    default: throw mismatch("doubles")
    }
  }

  private func mismatch(_ expected: String) -> ONNXError {
    ONNXError(.malformed, "field \(number) is not \(expected); the file is damaged or no ONNX model")
  }
}
