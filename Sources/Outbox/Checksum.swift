/// CRC-32C (Castagnoli, RFC 3720 appendix B.4), byte by byte from a table: SQLite doesn't notice changed bytes inside a value.
enum Checksum {
  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1 }
  }

  static func of(_ parts: some Collection<UInt8>, _ more: [UInt8]) -> UInt32 {
    var value = ~UInt32(0)
    let table = table
    for byte in parts { value = table[Int(UInt8(truncatingIfNeeded: value) ^ byte)] ^ value >> 8 }
    for byte in more { value = table[Int(UInt8(truncatingIfNeeded: value) ^ byte)] ^ value >> 8 }
    return ~value
  }
}
