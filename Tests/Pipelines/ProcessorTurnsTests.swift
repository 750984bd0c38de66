import Foundation
import Pipelines
import Testing

@Suite struct ProcessorTurnsTests {
  /// What threads did, in order.
  private final class Ledger: @unchecked Sendable {
    private let mutex = PthreadMutex()
    private let changed = PthreadCondition()
    private var names: [String] = []
    private var computing = 0
    private var most = 0

    func note(_ name: String) {
      mutex.withLock { names.append(name) }
      changed.broadcast()
    }

    /// Counts processors in use, and remembers the most.
    func use(_ count: Int) {
      mutex.withLock {
        computing += count
        most = max(most, computing)
      }
    }

    var all: [String] { mutex.withLock { names } }
    var mostInUse: Int { mutex.withLock { most } }

    func wait(for count: Int) -> Bool {
      let deadline = MonotonicClock.now().advanced(by: .seconds(30))
      mutex.lock()
      defer { mutex.unlock() }
      while names.count < count { guard changed.wait(with: mutex, until: deadline) else { return false } }
      return true
    }
  }

  @Test func `a share that is free is given at once`() {
    let turns = ProcessorTurns(processorCount: 4)
    #expect(turns.takeIfFree(3))
    #expect(!turns.takeIfFree(2))
    #expect(turns.takeIfFree(1))
    turns.give(3)
    #expect(turns.takeIfFree(2))
    turns.take(1)
    #expect(!turns.takeIfFree(1))
  }

  @Test func `who wants more than there is gets all, and gives all back`() {
    let turns = ProcessorTurns(processorCount: 2)
    turns.take(64)
    #expect(!turns.takeIfFree(1))
    turns.give(64)
    #expect(turns.takeIfFree(2))
    turns.give(2)
    #expect(turns.takeIfFree(0), "nothing counts as one")
    #expect(turns.takeIfFree(1))
    #expect(!turns.takeIfFree(1))
  }

  @Test func `nobody overtakes, not even with less`() {
    let (turns, ledger) = (ProcessorTurns(processorCount: 2), Ledger())
    turns.take(1)
    func join(_ name: String, _ count: Int) {
      Thread.detachNewThread {
        ledger.note("\(name) asks")
        turns.take(count)
        ledger.note("\(name) has it")
      }
    }
    join("both", 2)
    #expect(ledger.wait(for: 1))
    // It has asked before the one that is free goes to anyone: its ticket is drawn in the call that the note precedes.
    while turns.waitingCount < 1 { sched_yield() }
    #expect(!turns.takeIfFree(1), "somebody has asked before")
    join("one", 1)
    while turns.waitingCount < 2 { sched_yield() }
    #expect(ledger.all == ["both asks", "one asks"])
    turns.give(1)
    #expect(ledger.wait(for: 3))
    #expect(ledger.all.last == "both has it")
    turns.give(2)
    #expect(ledger.wait(for: 4))
    #expect(ledger.all.last == "one has it")
  }

  @Test func `never more compute than there are processors, and everyone gets every turn`() {
    let (turns, ledger) = (ProcessorTurns(processorCount: 3), Ledger())
    for thread in 0..<6 {
      Thread.detachNewThread {
        for _ in 0..<200 {
          let count = 1 + thread % 4
          turns.take(count)
          ledger.use(min(count, 3))
          sched_yield()
          ledger.use(-min(count, 3))
          turns.give(count)
        }
        ledger.note("\(thread)")
      }
    }
    #expect(ledger.wait(for: 6))
    #expect(ledger.mostInUse <= 3)
    #expect(turns.waitingCount == 0)
  }
}
