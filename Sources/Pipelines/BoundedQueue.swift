/// First in, first out, of a fixed capacity; what does not fit is dropped by a stated policy, and counted. For elements that
/// must not be replaced by newer ones (a triggered camera's frames) and for work between threads. Allocates only when made.
@safe public final class BoundedQueue<Element: ~Copyable & Sendable>: @unchecked Sendable {
  /// What gives way when the queue is full.
  public enum DropPolicy: Sendable {
    /// The element that comes last is refused.
    case rejectNewest
    /// The element that waited longest is given up.
    case dropOldest
  }

  public let capacity: Int
  public let policy: DropPolicy

  private let mutex = PthreadMutex()
  private let filled = PthreadCondition()
  private let storage: UnsafeMutablePointer<Element>
  private var head = 0
  private var used = 0
  private var closed = false
  private var dropped: UInt64 = 0

  /// - Parameter capacity: elements, at least one.
  public init(capacity: Int, policy: DropPolicy) {
    precondition(capacity > 0)
    self.capacity = capacity
    self.policy = policy
    unsafe storage = .allocate(capacity: capacity)
  }

  deinit {
    for offset in 0..<used {
      unsafe (storage + (head + offset) % capacity).deinitialize(count: 1)
    }
    unsafe storage.deallocate()
  }

  public var count: Int {
    mutex.withLock { used }
  }

  /// Elements refused or given up because the queue was full.
  public var dropCount: UInt64 {
    mutex.withLock { dropped }
  }

  /// Appends `element`, or drops by the policy when full.
  ///
  /// - Returns: whether `element` is in the queue now (false: refused, or the queue is closed).
  @discardableResult
  public func push(_ element: consuming Element) -> Bool {
    mutex.lock()
    if closed || (used == capacity && policy == .rejectNewest) {
      if !closed { dropped += 1 }
      mutex.unlock()
      return false
    }
    var oldest: Element?
    if used == capacity {
      oldest = removeFirst()
      dropped += 1
    }
    unsafe (storage + (head + used) % capacity).initialize(to: consume element)
    used += 1
    mutex.unlock()
    filled.signal()
    // Destroyed here, the mutex released: an element's death may do work of its own.
    _ = consume oldest
    return true
  }

  /// Takes the oldest element, waiting for one. A closed queue still gives what is in it.
  ///
  /// - Parameter timeout: how long to wait at most (zero only looks); nil waits until something comes or the queue is closed.
  /// - Returns: nil after `timeout`, or when closed and empty.
  public func pop(timeout: Duration? = nil) -> Element? {
    let deadline = timeout.map { MonotonicClock.now().advanced(by: $0) }
    mutex.lock()
    while used == 0 && !closed {
      guard filled.wait(with: mutex, until: deadline) else { break }
    }
    let element: Element? = used > 0 ? removeFirst() : nil
    mutex.unlock()
    return element
  }

  /// True once closed and emptied: `pop()` will give nothing any more.
  public var isFinished: Bool {
    mutex.withLock { closed && used == 0 }
  }

  /// Refuses elements from now on and wakes everyone who waits.
  public func close() {
    mutex.withLock { closed = true }
    filled.broadcast()
  }

  private func removeFirst() -> Element {
    let element = unsafe (storage + head).move()
    head = (head + 1) % capacity
    used -= 1
    return element
  }
}
