/// A place for one element between a fast producer and a slower consumer: the newest wins, what it replaces is given up and
/// counted. Neither side waits for the other beyond a few instructions, except a consumer that asks to.
public final class Mailbox<Element: ~Copyable & Sendable>: @unchecked Sendable {
  private let mutex = PthreadMutex()
  private let filled = PthreadCondition()
  private var slot: Element?
  private var closed = false
  private var replaced: UInt64 = 0

  public init() {}

  /// Elements given up because a newer one came before they were taken.
  public var dropCount: UInt64 {
    mutex.withLock { replaced }
  }

  public var isEmpty: Bool {
    mutex.withLock { slot == nil }
  }

  /// Puts `element` in, in place of one that nobody took.
  ///
  /// - Returns: false when the mailbox is closed; the element is then given up, uncounted.
  @discardableResult
  public func put(_ element: consuming Element) -> Bool {
    mutex.lock()
    if closed {
      mutex.unlock()
      return false
    }
    // Moved out and destroyed after the mutex is released: an element's death may do work of its own.
    let old = slot.take()
    if old != nil { replaced += 1 }
    slot = consume element
    mutex.unlock()
    filled.signal()
    return true
  }

  /// Puts an element that was taken back, unless a newer one came: then it is given up and counted.
  public func putBack(_ element: consuming Element) {
    mutex.lock()
    if slot == nil {
      slot = consume element
      mutex.unlock()
      filled.signal()
      return
    }
    replaced += 1
    mutex.unlock()
    _ = consume element
  }

  /// Takes the element, waiting for one. A closed mailbox still gives what is in it.
  ///
  /// - Parameter timeout: how long to wait at most; nil waits until something comes or the mailbox is closed.
  /// - Returns: nil after `timeout`, or when closed and empty.
  public func take(timeout: Duration? = nil) -> Element? {
    let deadline = timeout.map { MonotonicClock.now().advanced(by: $0) }
    mutex.lock()
    while slot == nil && !closed {
      guard filled.wait(with: mutex, until: deadline) else { break }
    }
    let element = slot.take()
    mutex.unlock()
    return element
  }

  /// True once closed and emptied: `take()` will give nothing any more.
  public var isFinished: Bool {
    mutex.withLock { closed && slot == nil }
  }

  /// Refuses elements from now on and wakes everyone who waits.
  public func close() {
    mutex.withLock { closed = true }
    filled.broadcast()
  }
}
