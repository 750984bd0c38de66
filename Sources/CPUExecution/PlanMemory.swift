import CKernels

/// Zero-filled blocks, handed out one behind the other from memory that the system maps; pages that nothing is written to take no memory.
/// All of it goes with its owner.
@safe struct PlanMemory: ~Copyable {
  private static let alignment = 64
  /// What is mapped at a time, at least.
  private static let regionByteCount = 1 << 20

  private var regions: [UnsafeMutableRawBufferPointer] = unsafe []
  /// Where the last region's free bytes begin.
  private var used = 0

  /// Bytes that a block of `byteCount` takes.
  static func rounded(_ byteCount: Int) -> Int { (max(byteCount, 1) + alignment - 1) & ~(alignment - 1) }

  /// - Returns: a block at a 64-byte boundary; nil where the system has no memory left.
  mutating func take(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    let size = Self.rounded(byteCount)
    if let region = unsafe regions.last, size <= region.count - used {
      defer { used += size }
      return unsafe region.baseAddress! + used
    }
    let byteCount = max(size, Self.regionByteCount)
    guard let base = unsafe swl_map_zeros(Int64(byteCount)) else { return nil }
    unsafe regions.append(UnsafeMutableRawBufferPointer(start: base, count: byteCount))
    used = size
    return unsafe base
  }

  /// Keeps the first `byteCount` bytes of the block that was taken last, `taken` bytes, and hands out the rest again: nothing was written to it.
  mutating func keep(_ byteCount: Int, of taken: Int) { used -= Self.rounded(taken) - Self.rounded(byteCount) }

  deinit {
    unsafe regions.forEach { unsafe swl_unmap($0.baseAddress, Int64($0.count)) }
  }
}
