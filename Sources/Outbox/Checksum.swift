import CKernels

/// CRC-32C: SQLite doesn't notice changed bytes inside a value.
enum Checksum {
  static func of(_ parts: some Collection<UInt8>, _ more: [UInt8]) -> UInt32 {
    ~update(update(~0, Array(parts)), more)
  }

  private static func update(_ state: UInt32, _ bytes: [UInt8]) -> UInt32 {
    unsafe bytes.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return state }
      return unsafe swl_crc32c(state, base, Int64(bytes.count))
    }
  }
}
