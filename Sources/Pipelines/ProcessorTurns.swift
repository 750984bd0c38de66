/// Shares a number of processors among threads that compute. Whoever asks first has his turn first, and nobody overtakes. So no more threads compute
/// than there are processors, and of several that always want more each gets its turn after the others'.
///
/// A turn has all of its share while it is wide and one processor at its end, so that what one thread does by itself keeps nobody waiting. It may
/// begin with one, too, where all that it lacks is held by turns that are at their end: it gets that before anybody else gets anything.
///
/// No two turns can wait for one another: only the one whose ticket is next ever holds some and wants more, and what it waits for is held by turns
/// that never ask again.
public final class ProcessorTurns: @unchecked Sendable {
  public let processorCount: Int
  private let mutex = PthreadMutex()
  private let changed = PthreadCondition()
  private var free: Int
  /// Processors of turns that are at their end.
  private var ending = 0
  private var nextTicket: UInt64 = 0
  /// Tickets whose holders have, or had, all of their share.
  private var served: UInt64 = 0
  /// Whether the next one has begun.
  private var isGrowing = false

  /// - Parameter processorCount: at least 1.
  public init(processorCount: Int) {
    self.processorCount = max(processorCount, 1)
    free = self.processorCount
  }

  /// Waits for a turn with `count` processors, or all of them where that is more than there are. Not while the same thread has one.
  public func begin(_ count: Int) -> ProcessorTurn {
    let share = share(of: count)
    mutex.lock()
    let ticket = nextTicket
    nextTicket += 1
    while served != ticket || !mayBegin(share) { changed.wait(with: mutex) }
    let held = admit(share)
    mutex.unlock()
    return ProcessorTurn(turns: self, share: share, held: held)
  }

  /// As `begin`.
  ///
  /// - Returns: nil where somebody would have to be waited for.
  public func beginIfFree(_ count: Int) -> ProcessorTurn? {
    let share = share(of: count)
    mutex.lock()
    guard served == nextTicket, mayBegin(share) else {
      mutex.unlock()
      return nil
    }
    nextTicket += 1
    let held = admit(share)
    mutex.unlock()
    return ProcessorTurn(turns: self, share: share, held: held)
  }

  /// Those that have asked and don't have all of theirs yet.
  public var waitingCount: Int { mutex.withLock { Int(nextTicket - served) } }

  private func share(of count: Int) -> Int { min(max(count, 1), processorCount) }

  private func mayBegin(_ share: Int) -> Bool { !isGrowing && free > 0 && free + ending >= share }

  /// - Returns: what the turn begins with.
  private func admit(_ share: Int) -> Int {
    guard free >= share else {
      isGrowing = true
      free -= 1
      return 1
    }
    free -= share
    serveNext()
    return share
  }

  private func serveNext() {
    served += 1
    // The next one's share may be free, too.
    if served != nextTicket { changed.broadcast() }
  }

  fileprivate func grow(by count: Int) {
    mutex.lock()
    while free < count { changed.wait(with: mutex) }
    free -= count
    isGrowing = false
    serveNext()
    mutex.unlock()
  }

  fileprivate func shrink(by count: Int) {
    mutex.withLock {
      free += count
      ending += 1
    }
    changed.broadcast()
  }

  fileprivate func end(_ held: Int, wasGrowing: Bool, wasEnding: Bool) {
    mutex.withLock {
      free += held
      if wasEnding { ending -= 1 }
      guard wasGrowing else { return }
      isGrowing = false
      served += 1
    }
    changed.broadcast()
  }
}

/// A thread's turn; it ends with this.
public struct ProcessorTurn: ~Copyable, Sendable {
  private let turns: ProcessorTurns
  private let share: Int
  private var held: Int
  private var isEnding = false
  private var isOver = false

  fileprivate init(turns: ProcessorTurns, share: Int, held: Int) { (self.turns, self.share, self.held) = (turns, share, held) }

  deinit {
    if !isOver { turns.end(held, wasGrowing: held < share && !isEnding, wasEnding: isEnding) }
  }

  /// It is over before it goes: what its thread waits for needs no processor.
  public mutating func end() {
    guard !isOver else { return }
    turns.end(held, wasGrowing: held < share && !isEnding, wasEnding: isEnding)
    (held, isOver) = (0, true)
  }

  /// Waits until it has all of its share.
  /// - Precondition: it isn't at its end, nor over.
  public mutating func widen() {
    precondition(!isEnding && !isOver, "a turn that is at its end doesn't ask again")
    guard held < share else { return }
    turns.grow(by: share - held)
    held = share
  }

  /// It keeps one processor: its end begins.
  /// - Precondition: it has all of its share.
  public mutating func narrow() {
    precondition(held == share && !isEnding && !isOver, "only a wide turn can narrow, and once")
    turns.shrink(by: share - 1)
    (held, isEnding) = (1, true)
  }
}
