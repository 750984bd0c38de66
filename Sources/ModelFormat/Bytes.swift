/// Writes little-endian numbers and length-prefixed strings.
struct ByteWriter {
  private(set) var bytes: [UInt8] = []
  /// Where each number stands, where that is asked for.
  private(set) var fields: [NumberField]?

  init(recordsFields: Bool = false) { fields = recordsFields ? [] : nil }

  mutating func write(_ value: UInt8) {
    fields?.append(NumberField(offset: bytes.count, byteCount: 1))
    bytes.append(value)
  }

  mutating func write<Number: FixedWidthInteger>(_ value: Number) {
    fields?.append(NumberField(offset: bytes.count, byteCount: Number.bitWidth / 8))
    var rest = value
    for _ in 0..<Number.bitWidth / 8 {
      bytes.append(UInt8(truncatingIfNeeded: rest))
      rest >>= 8
    }
  }

  mutating func write(_ value: Float) { write(value.bitPattern) }
  mutating func write(_ value: Bool) { write(UInt8(value ? 1 : 0)) }

  mutating func write(_ text: String) {
    let utf8 = [UInt8](text.utf8)
    write(UInt32(utf8.count))
    bytes.append(contentsOf: utf8)
  }

  mutating func writeCount(_ count: Int) { write(UInt32(count)) }
}

/// A little-endian number among bytes.
public struct NumberField: Hashable, Sendable {
  public var offset: Int
  public var byteCount: Int
  public init(offset: Int, byteCount: Int) {
    self.offset = offset
    self.byteCount = byteCount
  }
}

/// Reads what `ByteWriter` wrote from bytes that nobody vouches for: every read is checked.
struct ByteReader {
  private let bytes: [UInt8]
  private(set) var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var remaining: Int { bytes.count - position }

  mutating func integer<Number: FixedWidthInteger>(_ type: Number.Type = Number.self) throws(ModelFormatError) -> Number {
    let size = Number.bitWidth / 8
    guard remaining >= size else { throw truncated }
    var value: Number = 0
    var index = size - 1
    while index >= 0 {
      // A one-byte number can't be shifted by its own width.
      value = size == 1 ? Number(truncatingIfNeeded: bytes[position + index]) : value << 8 | Number(truncatingIfNeeded: bytes[position + index])
      index -= 1
    }
    position += size
    return value
  }

  mutating func float() throws(ModelFormatError) -> Float { Float(bitPattern: try integer(UInt32.self)) }

  mutating func flag() throws(ModelFormatError) -> Bool {
    switch try integer(UInt8.self) {
    case 0: return false
    case 1: return true
    default: throw ModelFormatError(.malformedProgram, "a flag is neither 0 nor 1 at byte \(position - 1) of the program")
    }
  }

  /// A count of items that take at least `minimumSize` bytes each, so that a lying count can't make the reader allocate more
  /// than the file holds.
  mutating func count(minimumSize: Int) throws(ModelFormatError) -> Int {
    let count = Int(try integer(UInt32.self))
    guard count <= remaining / max(minimumSize, 1) else { throw truncated }
    return count
  }

  mutating func text() throws(ModelFormatError) -> String {
    let count = try count(minimumSize: 1)
    defer { position += count }
    guard let text = String(validating: bytes[position..<position + count], as: UTF8.self) else {
      throw ModelFormatError(.malformedProgram, "a name at byte \(position) of the program is not UTF-8")
    }
    return text
  }

  private var truncated: ModelFormatError { ModelFormatError(.truncated, "the program ends in the middle of an item at byte \(position)") }
}
