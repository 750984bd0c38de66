import CAllocationCounter

/// Heap allocations of the calling thread.
enum AllocationCounter {
  /// False under sanitizers, which bring their own allocator.
  static var works: Bool { allocation_counter_works() }

  static func count(_ body: () throws -> Void) rethrows -> UInt64 {
    let before = allocation_count()
    try body()
    return allocation_count() - before
  }
}
