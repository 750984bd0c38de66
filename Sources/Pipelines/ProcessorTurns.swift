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
  ///
  /// - Returns: whether there was anyone to wait for.
  @discardableResult
  public func take(_ count: Int) -> Bool {
    let wanted = held(count)
    mutex.lock()
    defer { mutex.unlock() }
    let ticket = nextTicket
    nextTicket += 1
    var waited = false
    while served != ticket || free < wanted {
      waited = true
      changed.wait(with: mutex)
    }
    served += 1
    free -= wanted
    // The next one's share may be free, too.
    if free > 0, served != nextTicket { changed.broadcast() }
    return waited
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
