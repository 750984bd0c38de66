/// Owns zero-filled bytes at a 64-byte boundary: an arena, packed weights, a scratch buffer. Freed with its owner.
@safe public struct AlignedBytes: ~Copyable {
  /// Cache-line and widest-vector alignment; also the alignment of package sections.
  public static let alignment = 64

  @usableFromInline let base: UnsafeMutableRawPointer
  public let count: Int

  /// - Parameter count: bytes to own; zero is allowed and takes one line. Exhausted memory ends the process, as any
  ///   Swift allocation does, so callers bound `count` first.
  public init(count: Int) {
    precondition(count >= 0)
    let rounded = (max(count, 1) + Self.alignment - 1) & ~(Self.alignment - 1)
    unsafe base = UnsafeMutableRawPointer.allocate(byteCount: rounded, alignment: Self.alignment)
    unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: rounded)
    self.count = count
  }

  // Inlinable, or Embedded Swift can't end an owner in another module.
  @inlinable deinit {
    unsafe base.deallocate()
  }

  /// The bytes, valid as long as their owner lives.
  public var bytes: UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(start: base, count: count)
  }
}
