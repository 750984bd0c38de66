/// The bytes of one frame before framing: header, body and check. Fixed storage, so that nothing is allocated.
public struct FrameBytes: Sendable {
  /// No frame is longer.
  public static let capacity = 64

  public private(set) var count = 0
  private var storage = InlineArray<64, UInt8>(repeating: 0)

  public init() {}

  public subscript(_ index: Int) -> UInt8 { storage[index] }

  /// - Returns: false where the frame is full already; it stays as it was.
  @discardableResult
  public mutating func append(_ byte: UInt8) -> Bool {
    guard count < Self.capacity else { return false }
    storage[count] = byte
    count += 1
    return true
  }

  /// Appends a whole number, the least byte first.
  public mutating func append<Value: FixedWidthInteger & UnsignedInteger>(_ value: Value) {
    for position in 0..<(Value.bitWidth / 8) { append(UInt8(truncatingIfNeeded: value >> Value(truncatingIfNeeded: 8 * position))) }
  }

  /// Removes what was put in.
  public mutating func clear() { count = 0 }
}

/// Takes the fields of a frame one behind the other, the least byte first; nil at its end.
public struct FieldReader {
  private let bytes: FrameBytes
  private var position: Int
  private let end: Int

  /// - Parameter end: behind the last byte that may be taken.
  public init(_ bytes: FrameBytes, from start: Int, to end: Int) {
    self.bytes = bytes
    position = start
    self.end = min(end, bytes.count)
  }

  /// Whether every byte was taken: a body that is longer than its message is no body of that message.
  public var isAtEnd: Bool { position == end }

  public mutating func take<Value: FixedWidthInteger & UnsignedInteger>(_ type: Value.Type = Value.self) -> Value? {
    let size = Value.bitWidth / 8
    guard end - position >= size else { return nil }
    var value: Value = 0
    for offset in 0..<size { value |= Value(truncatingIfNeeded: bytes[position + offset]) << Value(truncatingIfNeeded: 8 * offset) }
    position += size
    return value
  }
}
