/// Borrowed bytes in the flatbuffers format. Nothing in them is trusted: each offset, table, vtable and vector is checked against
/// the bytes that are really there when it is followed, and readers follow a fixed schema, so that no chain of offsets can be
/// longer than that is deep.
///
/// Source: the FlatBuffers "internals" documentation: little-endian; a table begins with the signed distance back to its vtable
/// (its size, the table's size, then one 16-bit offset a field, 0 where it is absent); tables, vectors and strings are found by
/// unsigned 32-bit offsets relative to where these stand; vectors and strings begin with their 32-bit length.
///
/// A flatbuffer borrows: it must not outlive the bytes. Nothing outside this module sees one.
@safe struct Flatbuffer {
  private let bytes: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer) { unsafe self.bytes = bytes }

  var byteCount: Int { unsafe bytes.count }

  /// The root table of a file with this identifier at byte 4.
  func root(identifier: StaticString) throws(TFLiteError) -> FlatbufferTable {
    guard byteCount >= 8 else { throw TFLiteError(.truncated, "has \(byteCount) bytes; a model has at least 8") }
    let found = try copied(4..<8)
    guard found == Array("\(identifier)".utf8) else {
      throw TFLiteError(.malformed, "has no '\(identifier)' at byte 4; this is not a TFLite model, or it was damaged")
    }
    return try FlatbufferTable(self, at: target(of: 0))
  }

  /// The number that stands at a position.
  func number<Value: FixedWidthInteger & BitwiseCopyable>(at position: Int, as type: Value.Type = Value.self) throws(TFLiteError) -> Value {
    guard position >= 0, position <= byteCount - MemoryLayout<Value>.size else { throw Self.outside }
    return Value(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: position, as: Value.self))
  }

  /// Where the offset at a position leads.
  func target(of position: Int) throws(TFLiteError) -> Int {
    let offset = Int(try number(at: position, as: UInt32.self))
    guard offset >= 4, offset <= byteCount - 4 - position else { throw Self.outside }
    return position + offset
  }

  /// A copy of some bytes.
  func copied(_ range: Range<Int>) throws(TFLiteError) -> [UInt8] {
    guard range.lowerBound >= 0, range.upperBound <= byteCount else { throw Self.outside }
    return unsafe [UInt8](bytes[range])
  }

  static var outside: TFLiteError { TFLiteError(.truncated, "an offset or a length leads out of the file; it was cut short or damaged") }
}

/// A table: fields by their number in the schema.
struct FlatbufferTable {
  private let buffer: Flatbuffer
  private let position: Int
  private let byteCount: Int
  private let vtable: Int
  private let vtableByteCount: Int

  init(_ buffer: Flatbuffer, at position: Int) throws(TFLiteError) {
    self.buffer = buffer
    self.position = position
    vtable = position - Int(try buffer.number(at: position, as: Int32.self))
    vtableByteCount = Int(try buffer.number(at: vtable, as: UInt16.self))
    byteCount = Int(try buffer.number(at: vtable + 2, as: UInt16.self))
    guard vtableByteCount >= 4, vtableByteCount.isMultiple(of: 2), byteCount >= 4 else {
      throw TFLiteError(.malformed, "a table's layout is impossible; the file was damaged")
    }
    guard vtableByteCount <= buffer.byteCount - vtable, byteCount <= buffer.byteCount - position else { throw Flatbuffer.outside }
  }

  /// Where a field's bytes stand; nil where the table doesn't have it.
  private func location(_ field: Int, byteCount size: Int) throws(TFLiteError) -> Int? {
    let entry = 4 + 2 * field
    guard entry <= vtableByteCount - 2 else { return nil }
    let offset = Int(try buffer.number(at: vtable + entry, as: UInt16.self))
    guard offset != 0 else { return nil }
    guard offset >= 4, offset <= byteCount - size else { throw TFLiteError(.malformed, "field \(field) lies outside its table; the file was damaged") }
    return position + offset
  }

  /// A whole number; nil where it is absent, which means the schema's default.
  func number<Value: FixedWidthInteger & BitwiseCopyable>(_ field: Int, as type: Value.Type = Value.self) throws(TFLiteError) -> Value? {
    guard let location = try location(field, byteCount: MemoryLayout<Value>.size) else { return nil }
    return try buffer.number(at: location)
  }

  func float(_ field: Int) throws(TFLiteError) -> Float? { try number(field, as: UInt32.self).map { Float(bitPattern: $0) } }

  func table(_ field: Int) throws(TFLiteError) -> FlatbufferTable? {
    guard let location = try location(field, byteCount: 4) else { return nil }
    return try FlatbufferTable(buffer, at: try buffer.target(of: location))
  }

  /// - Parameter elementByteCount: 4 for tables, which are reached through offsets.
  func vector(_ field: Int, elementByteCount: Int) throws(TFLiteError) -> FlatbufferVector? {
    guard let location = try location(field, byteCount: 4) else { return nil }
    return try FlatbufferVector(buffer, at: try buffer.target(of: location), elementByteCount: elementByteCount)
  }

  func text(_ field: Int) throws(TFLiteError) -> String? {
    guard let characters = try vector(field, elementByteCount: 1) else { return nil }
    guard let text = String(validating: try characters.copied(), as: UTF8.self) else { throw TFLiteError(.malformed, "a name or text is not UTF-8") }
    return text
  }
}

/// A vector whose elements all lie inside the file.
struct FlatbufferVector {
  private let buffer: Flatbuffer
  private let start: Int
  private let elementByteCount: Int
  let count: Int

  init(_ buffer: Flatbuffer, at position: Int, elementByteCount: Int) throws(TFLiteError) {
    self.buffer = buffer
    self.elementByteCount = elementByteCount
    start = position + 4
    count = Int(try buffer.number(at: position, as: UInt32.self))
    guard count <= (buffer.byteCount - start) / elementByteCount else { throw Flatbuffer.outside }
  }

  var byteCount: Int { count * elementByteCount }

  /// A copy of all bytes.
  func copied() throws(TFLiteError) -> [UInt8] { try buffer.copied(start..<start + byteCount) }

  func number<Value: FixedWidthInteger & BitwiseCopyable>(_ index: Int, as type: Value.Type = Value.self) throws(TFLiteError) -> Value {
    try buffer.number(at: start + index * elementByteCount)
  }

  func table(_ index: Int) throws(TFLiteError) -> FlatbufferTable { try FlatbufferTable(buffer, at: try buffer.target(of: start + index * 4)) }
}
