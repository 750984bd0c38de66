import Pipelines

/// Frame buffers in ordinary memory, for sources that are no device. All of them have their memory from the start: the one that is needed only when a
/// consumer is behind, hours later, takes none that wasn't counted with before. One thread, the source's, takes and fills them; any gives them back,
/// and never waits for memory: it is asked for and zeroed, as megabytes take a while, for one buffer at a time and without the lock.
@safe final class HeapBufferPool: FrameBufferOwner, @unchecked Sendable {
  private let buffers: [FrameBuffer]
  private let mutex = PthreadMutex()
  private let returned = PthreadCondition()
  private var memory: [UnsafeMutableBufferPointer<UInt8>]
  private var free: [FrameBuffer]
  /// What each buffer has at least, and at most twice; those that are leased when they are filled next.
  private var expected: Int
  private var isStopped = false

  /// - Parameters:
  ///   - count: buffers.
  ///   - byteCount: the size of each at first.
  init(count: Int, byteCount: Int) {
    buffers = (0..<count).map { FrameBuffer(index: $0) }
    unsafe memory = (0..<count).map { _ in unsafe Self.allocate(byteCount) }
    free = buffers.reversed()
    expected = byteCount
  }

  deinit {
    while let bytes = unsafe memory.popLast() { unsafe bytes.deallocate() }
  }

  private static func allocate(_ byteCount: Int) -> UnsafeMutableBufferPointer<UInt8> {
    let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(byteCount, 1))
    unsafe bytes.initialize(repeating: 0)
    return unsafe bytes
  }

  /// Takes a buffer that nobody leases, waiting for one.
  ///
  /// - Returns: nil at `deadline`, or when stopped.
  func take(until deadline: MonotonicInstant) -> FrameBuffer? {
    mutex.lock()
    defer { mutex.unlock() }
    while free.isEmpty && !isStopped {
      guard returned.wait(with: mutex, until: deadline) else { break }
    }
    return isStopped ? nil : free.popLast()
  }

  /// Gives back a buffer that was taken and never became a frame, or whose last lease died.
  func takeBack(_ buffer: FrameBuffer) {
    mutex.withLock { free.append(buffer) }
    returned.signal()
  }

  /// Wakes `take` for good. Frames given out keep their memory.
  func stop() {
    mutex.withLock { isStopped = true }
    returned.broadcast()
  }

  /// Frames of so many bytes may come from now on, and hardly larger ones: free buffers grow or shrink at once, leased ones when they are filled next.
  func expect(_ byteCount: Int) {
    mutex.withLock { expected = byteCount }
    for buffer in buffers {
      guard let place = withdraw(buffer) else { continue }
      unsafe _ = fitted(buffer, to: byteCount)
      mutex.withLock { free.insert(buffer, at: place) }
    }
  }

  /// Frames of so many bytes may come as well.
  func expect(atLeast byteCount: Int) {
    mutex.withLock { expected = max(expected, byteCount) }
  }

  /// The bytes of a buffer that the caller has taken, at least `byteCount` of them. That more than expected is asked for once changes no other buffer.
  func bytes(of buffer: FrameBuffer, atLeast byteCount: Int) -> UnsafeMutableBufferPointer<UInt8> {
    unsafe fitted(buffer, to: mutex.withLock { max(expected, byteCount) })
  }

  /// What all buffers hold together.
  var byteCount: Int { mutex.withLock { unsafe memory.reduce(0) { $0 + $1.count } } }

  /// Takes a free buffer out of turn. Others may become free meanwhile, behind it, and none is taken: so it can be put back where it was.
  private func withdraw(_ buffer: FrameBuffer) -> Int? {
    mutex.withLock {
      guard let place = free.firstIndex(where: { $0 === buffer }) else { return nil }
      free.remove(at: place)
      return place
    }
  }

  /// The memory of a buffer that isn't free. It changes size where it is too small, or more than twice as large.
  private func fitted(_ buffer: FrameBuffer, to byteCount: Int) -> UnsafeMutableBufferPointer<UInt8> {
    let old = unsafe mutex.withLock { unsafe memory[buffer.index] }
    // An empty buffer has a byte all the same.
    let wanted = max(byteCount, 1)
    if old.count >= wanted && old.count / 2 <= wanted { return unsafe old }
    mutex.withLock { unsafe memory[buffer.index] = UnsafeMutableBufferPointer(start: nil, count: 0) }
    // Before the new one is asked for, so that both are never there.
    unsafe old.deallocate()
    let new = unsafe Self.allocate(wanted)
    mutex.withLock { unsafe memory[buffer.index] = new }
    return unsafe new
  }
}
