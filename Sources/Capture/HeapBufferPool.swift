import Pipelines

/// Frame buffers in ordinary memory, for sources that are no device. All of them have their memory from the start: the one that is needed only when a
/// consumer is behind, hours later, takes none that wasn't counted with before.
@safe final class HeapBufferPool: FrameBufferOwner, @unchecked Sendable {
  private let buffers: [FrameBuffer]
  private let mutex = PthreadMutex()
  private let returned = PthreadCondition()
  private var memory: [UnsafeMutableBufferPointer<UInt8>]
  private var free: [FrameBuffer]
  /// What each buffer has at least, those that are leased at the latest when they are filled next.
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

  /// Frames of so many bytes may come: grows what is smaller.
  func expect(_ byteCount: Int) {
    mutex.withLock {
      expected = max(expected, byteCount)
      for buffer in free { unsafe _ = grown(buffer, to: expected) }
    }
  }

  /// The bytes of a buffer that the caller has taken, at least `byteCount` of them; grows it when it is smaller.
  func bytes(of buffer: FrameBuffer, atLeast byteCount: Int) -> UnsafeMutableBufferPointer<UInt8> {
    mutex.lock()
    defer { mutex.unlock() }
    expected = max(expected, byteCount)
    return unsafe grown(buffer, to: expected)
  }

  private func grown(_ buffer: FrameBuffer, to byteCount: Int) -> UnsafeMutableBufferPointer<UInt8> {
    if unsafe memory[buffer.index].count < byteCount {
      unsafe memory[buffer.index].deallocate()
      unsafe memory[buffer.index] = Self.allocate(byteCount)
    }
    return unsafe memory[buffer.index]
  }
}
