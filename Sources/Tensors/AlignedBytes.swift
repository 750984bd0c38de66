#if canImport(Glibc)
  import Glibc
#endif

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
    self.count = count
    #if canImport(Glibc)
      // Pages that nothing is written to take no memory: an arena planned for the longest sound serves short ones.
      if rounded >= Self.mappedByteCount {
        let mapped = unsafe mmap(nil, rounded, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else { fatalError("no memory for \(rounded) bytes") }
        unsafe base = mapped
        return
      }
    #endif
    unsafe base = UnsafeMutableRawPointer.allocate(byteCount: rounded, alignment: Self.alignment)
    unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: rounded)
  }

  #if canImport(Glibc)
    /// From this size on bytes are mapped for themselves.
    private static let mappedByteCount = 1 << 20

    deinit {
      let rounded = (max(count, 1) + Self.alignment - 1) & ~(Self.alignment - 1)
      if rounded >= Self.mappedByteCount {
        unsafe munmap(base, rounded)
      } else {
        unsafe base.deallocate()
      }
    }
  #else
    // Inlinable, or Embedded Swift can't end an owner in another module.
    @inlinable deinit {
      unsafe base.deallocate()
    }
  #endif

  /// The bytes, valid as long as their owner lives.
  public var bytes: UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(start: base, count: count)
  }
}
