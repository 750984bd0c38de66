import CKernels

/// CRC-32C (Castagnoli), the sum that guards package sections against damage.
public struct CyclicRedundancyCheck: Sendable {
  private var state: UInt32 = 0xFFFF_FFFF

  public init() {}

  /// The sum of all bytes so far.
  public var value: UInt32 { ~state }

  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress else { return }
    state = unsafe swl_crc32c(state, base, Int64(bytes.count))
  }

  /// The sum of one run of bytes.
  public static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    var sum = CyclicRedundancyCheck()
    unsafe sum.update(bytes)
    return sum.value
  }
}
