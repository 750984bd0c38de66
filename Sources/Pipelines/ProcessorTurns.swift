/// Shares a number of processors among threads that compute. Whoever asks first gets all that it asked for first; nobody gets a part of it, and
/// nobody overtakes. So no more threads compute than there are processors, and of several that always want more each gets its turn after the others'.
public final class ProcessorTurns: @unchecked Sendable {
  public let processorCount: Int
  private let mutex = PthreadMutex()
  private let changed = PthreadCondition()
  private var free: Int
  private var nextTicket: UInt64 = 0
  private var served: UInt64 = 0

  /// - Parameter processorCount: at least 1.
  public init(processorCount: Int) {
    self.processorCount = max(processorCount, 1)
    free = self.processorCount
  }

  /// Waits for `count` processors, or all of them where that is more than there are.
  public func take(_ count: Int) {
    let wanted = held(count)
    mutex.lock()
    defer { mutex.unlock() }
    let ticket = nextTicket
    nextTicket += 1
    while served != ticket || free < wanted { changed.wait(with: mutex) }
    served += 1
    free -= wanted
    // The next one's share may be free, too.
    if free > 0, served != nextTicket { changed.broadcast() }
  }

  /// As `take`, where nobody has to be waited for.
  ///
  /// - Returns: whether they were given.
  public func takeIfFree(_ count: Int) -> Bool {
    let wanted = held(count)
    return mutex.withLock {
      guard served == nextTicket, free >= wanted else { return false }
      (nextTicket, served) = (nextTicket + 1, served + 1)
      free -= wanted
      return true
    }
  }

  /// Those that have asked and don't have theirs yet.
  public var waitingCount: Int { mutex.withLock { Int(nextTicket - served) } }

  /// Gives back what `take` of the same count gave.
  public func give(_ count: Int) {
    mutex.withLock { free += held(count) }
    changed.broadcast()
  }

  private func held(_ count: Int) -> Int { min(max(count, 1), processorCount) }
}
