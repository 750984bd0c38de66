/// CRC-32C (Castagnoli, reflected 0x1EDC6F41), the sum that guards package sections against damage, eight bytes a step.
/// Method: M. E. Kounavis and F. L. Berry, "A Systematic Approach to Building High Performance Software-based CRC
/// Generators", 2005.
public struct CyclicRedundancyCheck: Sendable {
  private var state: UInt32 = 0xFFFF_FFFF

  public init() {}

  /// The sum of all bytes so far.
  public var value: UInt32 { ~state }

  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    var crc = state
    var position = 0
    let count = bytes.count
    while count - position >= 8 {
      let low = unsafe UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self)) ^ crc
      let high = unsafe UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: position + 4, as: UInt32.self))
      crc =
        Self.table(7, low) ^ Self.table(6, low >> 8) ^ Self.table(5, low >> 16) ^ Self.table(4, low >> 24)
        ^ Self.table(3, high) ^ Self.table(2, high >> 8) ^ Self.table(1, high >> 16) ^ Self.table(0, high >> 24)
      position += 8
    }
    while position < count {
      crc = unsafe Self.table(0, crc ^ UInt32(bytes[position])) ^ crc >> 8
      position += 1
    }
    state = crc
  }

  /// The sum of one run of bytes.
  public static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    var sum = CyclicRedundancyCheck()
    unsafe sum.update(bytes)
    return sum.value
  }

  private static func table(_ slice: Int, _ index: UInt32) -> UInt32 { tables[slice << 8 | Int(index & 0xFF)] }

  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for index in 0..<256 {
      var crc = UInt32(index)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
      tables[index] = crc
    }
    for slice in 1..<8 {
      for index in 0..<256 {
        let previous = tables[(slice - 1) << 8 | index]
        tables[slice << 8 | index] = tables[Int(previous & 0xFF)] ^ previous >> 8
      }
    }
    return tables
  }()
}
