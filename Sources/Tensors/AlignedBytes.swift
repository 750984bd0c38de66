#if canImport(Glibc)
  import Glibc
#endif

/// Owns zero-filled bytes at a 64-byte boundary: an arena, packed weights, a scratch buffer. Freed with its owner.
@safe public struct AlignedBytes: ~Copyable {
  /// Cache-line and widest-vector alignment; also the alignment of package sections.
  public static let alignment = 64

  @usableFromInline let base: UnsafeMutableRawPointer
  public let count: Int

  /// - Parameters:
  ///   - count: bytes to own; zero is allowed and takes one line. Exhausted memory ends the process, as any
  ///     Swift allocation does, so callers bound `count` first.
  ///   - isFilled: all of them will be written to: they may lie in the system's large pages, which take few faults.
  public init(count: Int, isFilled: Bool = false) {
    precondition(count >= 0)
    let rounded = (max(count, 1) + Self.alignment - 1) & ~(Self.alignment - 1)
    self.count = count
    #if canImport(Glibc)
      // Pages that nothing is written to take no memory: an arena planned for the longest sound serves short ones.
      if rounded >= Self.mappedByteCount {
        let large = isFilled ? Self.largeByteCount(of: rounded) : 0
        mapped = max(rounded, large)
        unsafe base = large > 0 ? Self.mappedLarge(mapped, large) : Self.mapped(rounded)
        return
      }
      mapped = 0
    #endif
    unsafe base = UnsafeMutableRawPointer.allocate(byteCount: rounded, alignment: Self.alignment)
    unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: rounded)
  }

  #if canImport(Glibc)
    /// From this size on bytes are mapped for themselves.
    private static let mappedByteCount = 1 << 20
    private static let largePage = 1 << 21
    /// Bytes that were mapped; 0 where the heap gave them.
    private let mapped: Int

    private static func mapped(_ byteCount: Int) -> UnsafeMutableRawPointer {
      let mapped = unsafe mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
      guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else { fatalError("no memory for \(byteCount) bytes") }
      return unsafe mapped
    }

    /// What lies in large pages: whole ones, and a last one that is filled by three quarters.
    private static func largeByteCount(of byteCount: Int) -> Int { (byteCount + largePage / 4) / largePage * largePage }

    /// At the boundary of a large page; the first `large` bytes in such, where the system has them.
    private static func mappedLarge(_ byteCount: Int, _ large: Int) -> UnsafeMutableRawPointer {
      let page = Int(getpagesize()), whole = (byteCount + page - 1) / page * page
      let all = unsafe mapped(whole + largePage)
      let before = (largePage - Int(bitPattern: all) % largePage) % largePage
      if before > 0 { unsafe munmap(all, before) }
      unsafe munmap(all + before + whole, largePage - before)
      unsafe madvise(all + before, large, MADV_HUGEPAGE)
      return unsafe all + before
    }

    deinit {
      if mapped > 0 {
        unsafe munmap(base, mapped)
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
