import CThreads

/// How this process keeps what it allocates.
public enum SharedHeap {
  /// Lets all threads allocate from one heap. Left to itself glibc gives threads up to eight heaps a processor, and each keeps what it was ever at its
  /// largest: what one thread allocates and another gives back wanders between them for hours, and memory in use grows though nothing is kept. One is
  /// enough where threads that must be in time don't allocate. Before other threads start; later those that have a heap keep it.
  ///
  /// - Returns: false where the C library has no such setting.
  public static func use() -> Bool { swl_heap_set_count(1) == 0 }
}
