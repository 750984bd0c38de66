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
  private var expected = 0

  /// Bytes that a block of `byteCount` takes.
  static func rounded(_ byteCount: Int) -> Int { (max(byteCount, 1) + alignment - 1) & ~(alignment - 1) }

  /// Says, before anything is handed out, how many bytes will be written to at least: the first large pages of them are mapped as such, since each small
  /// one takes a fault.
  mutating func expect(_ byteCount: Int) { expected = byteCount }

  /// - Returns: a block at a 64-byte boundary; nil where the system has no memory left.
  mutating func take(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    let size = Self.rounded(byteCount)
    if let region = unsafe regions.last, size <= region.count - used {
      defer { used += size }
      return unsafe region.baseAddress! + used
    }
    if let base = unsafe largeRegion(for: size) { return unsafe base }
    let byteCount = max(size, Self.regionByteCount)
    guard let base = unsafe swl_map_zeros(Int64(byteCount)) else { return nil }
    unsafe add(base, byteCount, used: size)
    return unsafe base
  }

  /// The first region where much is expected: all of it lies in one piece, and twice as much, for blocks are handed out by their bounds.
  private mutating func largeRegion(for size: Int) -> UnsafeMutableRawPointer? {
    let page = Int(SWL_LARGE_PAGE)
    guard unsafe regions.isEmpty, expected >= page else { return nil }
    let byteCount = (max(size, 2 * expected) + page - 1) / page * page
    guard let base = unsafe swl_map_zeros_large(Int64(byteCount), Int64(expected)) else { return nil }
    unsafe add(base, byteCount, used: size)
    return unsafe base
  }

  private mutating func add(_ base: UnsafeMutableRawPointer, _ byteCount: Int, used: Int) {
    unsafe regions.append(UnsafeMutableRawBufferPointer(start: base, count: byteCount))
    self.used = used
  }

  /// Keeps the first `byteCount` bytes of the block that was taken last, `taken` bytes, and hands out the rest again: nothing was written to it.
  mutating func keep(_ byteCount: Int, of taken: Int) { used -= Self.rounded(taken) - Self.rounded(byteCount) }

  deinit {
    unsafe regions.forEach { unsafe swl_unmap($0.baseAddress, Int64($0.count)) }
  }
}
