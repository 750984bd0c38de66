/// Writes protobuf's wire format.
///
/// Source: the Protocol Buffers encoding documentation, wire types 0 (varint), 1 (64-bit), 2 (length-delimited), 5 (32-bit).
struct ProtobufWriter {
  private(set) var bytes: [UInt8] = []

  init(reserving capacity: Int = 256) {
    bytes.reserveCapacity(capacity)
  }

  mutating func field(_ number: UInt32, varint value: UInt64) {
    key(number, .varint)
    varint(value)
  }

  mutating func field(_ number: UInt32, fixed32 value: UInt32) {
    key(number, .fixed32)
    for shift in stride(from: 0, to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> UInt32(shift))) }
  }

  mutating func field(_ number: UInt32, fixed64 value: UInt64) {
    key(number, .fixed64)
    for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift))) }
  }

  mutating func field(_ number: UInt32, delimited content: some Collection<UInt8>) {
    key(number, .delimited)
    varint(UInt64(content.count))
    bytes.append(contentsOf: content)
  }

  private mutating func key(_ number: UInt32, _ kind: WireKind) {
    varint(UInt64(number) << 3 | UInt64(kind.rawValue))
  }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }
}

/// How a field's content is laid out. Groups (3 and 4) went out of use before Sparkplug was written.
enum WireKind: UInt8 {
  case varint = 0
  case fixed64 = 1
  case delimited = 2
  case fixed32 = 5
}
