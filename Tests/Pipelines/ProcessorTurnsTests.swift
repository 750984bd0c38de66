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

  /// Whether a turn would be given at once; it is given back.
  private static func isFree(_ turns: ProcessorTurns, _ count: Int) -> Bool { turns.beginIfFree(count) != nil }

  /// A turn that the test has until it gives it back.
  private final class Held {
    private var turn: ProcessorTurn?

    init(_ turns: ProcessorTurns, _ count: Int) { turn = turns.beginIfFree(count) }

    var isGiven: Bool { turn != nil }
    func narrow() { turn?.narrow() }
    func giveBack() { turn = nil }
  }

  /// Where a thread's turn is to go on.
  private final class Step: Sendable {
    private let gate = BoundedQueue<Int>(capacity: 8, policy: .rejectNewest)

    func go() { gate.push(0) }
    func wait() { _ = gate.pop() }
  }

  @Test func `a share that is free is given at once`() {
    let turns = ProcessorTurns(processorCount: 4)
    let three = Held(turns, 3)
    #expect(three.isGiven)
    #expect(!Self.isFree(turns, 2))
    let one = turns.begin(1)
    #expect(!Self.isFree(turns, 1))
    three.giveBack()
    #expect(Self.isFree(turns, 3))
    #expect(!Self.isFree(turns, 4))
    _ = consume one
    #expect(Self.isFree(turns, 4))
  }

  @Test func `who wants more than there is gets all, and gives all back`() {
    let turns = ProcessorTurns(processorCount: 2)
    let all = Held(turns, 64)
    #expect(!Self.isFree(turns, 1))
    all.narrow()
    #expect(Self.isFree(turns, 1))
    all.giveBack()
    #expect(Self.isFree(turns, 2))
    let one = Held(turns, 0)
    #expect(Self.isFree(turns, 1), "nothing counts as one")
    #expect(!Self.isFree(turns, 2))
    one.giveBack()
  }

  @Test func `nobody overtakes, not even with less`() {
    let (turns, ledger) = (ProcessorTurns(processorCount: 2), Ledger())
    let held = Held(turns, 1)
    let end = Step()
    func join(_ name: String, _ count: Int) {
      Thread.detachNewThread {
        ledger.note("\(name) asks")
        let turn = turns.begin(count)
        ledger.note("\(name) has it")
        end.wait()
        _ = consume turn
      }
    }
    join("both", 2)
    #expect(ledger.wait(for: 1))
    // It has asked before the one that is free goes to anyone: its ticket is drawn in the call that the note precedes.
    while turns.waitingCount < 1 { sched_yield() }
    #expect(!Self.isFree(turns, 1), "somebody has asked before")
    join("one", 1)
    while turns.waitingCount < 2 { sched_yield() }
    #expect(ledger.all == ["both asks", "one asks"], "what it lacks is held by one that isn't at its end")
    held.giveBack()
    #expect(ledger.wait(for: 3))
    #expect(ledger.all.last == "both has it")
    end.go()
    #expect(ledger.wait(for: 4))
    #expect(ledger.all.last == "one has it")
    end.go()
  }

  @Test func `the next one begins with what a turn at its end has given back, and gets the rest before anybody else`() {
    let (turns, ledger) = (ProcessorTurns(processorCount: 3), Ledger())
    let first = Held(turns, 3)
    let (widen, end) = (Step(), Step())
    Thread.detachNewThread {
      var turn = turns.begin(3)
      ledger.note("second begins")
      widen.wait()
      turn.widen()
      ledger.note("second has all")
      end.wait()
      turn.narrow()
      ledger.note("second is at its end")
      end.wait()
    }
    while turns.waitingCount < 1 { sched_yield() }
    Thread.detachNewThread {
      let turn = turns.begin(1)
      ledger.note("third begins")
      _ = consume turn
    }
    while turns.waitingCount < 2 { sched_yield() }
    #expect(ledger.all.isEmpty)
    first.narrow()
    #expect(ledger.wait(for: 1))
    // One processor is free now, and nobody gets it but the second.
    #expect(turns.waitingCount == 2 && !Self.isFree(turns, 1))
    widen.go()
    first.giveBack()
    #expect(ledger.wait(for: 2))
    #expect(ledger.all == ["second begins", "second has all"])
    end.go()
    #expect(ledger.wait(for: 4))
    #expect(Set(ledger.all.suffix(2)) == ["second is at its end", "third begins"])
    end.go()
  }

  @Test func `one that begins and gives up before it has all lets the next one begin`() {
    let (turns, ledger) = (ProcessorTurns(processorCount: 2), Ledger())
    let first = Held(turns, 2)
    first.narrow()
    let second = Held(turns, 2)
    #expect(second.isGiven)
    #expect(!Self.isFree(turns, 1), "it has begun and hasn't all")
    Thread.detachNewThread {
      let turn = turns.begin(2)
      ledger.note("third begins")
      _ = consume turn
    }
    while turns.waitingCount < 2 { sched_yield() }
    #expect(ledger.all.isEmpty)
    second.giveBack()
    #expect(ledger.wait(for: 1))
    first.giveBack()
    while turns.waitingCount > 0 { sched_yield() }
    #expect(Self.isFree(turns, 2))
  }

  @Test func `a turn that is over has given everything back once, though its holder goes on`() {
    for isNarrow in [false, true] {
      let turns = ProcessorTurns(processorCount: 2)
      var turn = turns.begin(2)
      if isNarrow { turn.narrow() }
      turn.end()
      #expect(Self.isFree(turns, 2))
      turn.end()
      _ = consume turn
      let all = turns.beginIfFree(2)
      let isGiven = all != nil
      #expect(isGiven && !Self.isFree(turns, 1))
      _ = consume all
    }
  }

  @Test(arguments: [1, 2, 3, 5])
  func `never more compute than there are processors, and everyone gets every turn, whatever the order`(processorCount: Int) {
    let (turns, ledger) = (ProcessorTurns(processorCount: processorCount), Ledger())
    for thread in 0..<6 {
      Thread.detachNewThread {
        var random = SeededRandom(seed: UInt64(thread))
        for _ in 0..<200 {
          let count = 1 + Int(random.next() % 6)
          let share = min(count, processorCount)
          var turn = turns.begin(count)
          ledger.use(1)
          if random.next() % 4 == 0 { sched_yield() }
          // Some frames come to nothing before the model runs, some models keep all to the end.
          guard random.next() % 5 != 0 else {
            ledger.use(-1)
            continue
          }
          turn.widen()
          ledger.use(share - 1)
          sched_yield()
          ledger.use(1 - share)
          if random.next() % 3 != 0 { turn.narrow() }
          if random.next() % 4 == 0 { sched_yield() }
          ledger.use(-1)
        }
        ledger.note("\(thread)")
      }
    }
    #expect(ledger.wait(for: 6))
    #expect(ledger.mostInUse <= processorCount)
    #expect(turns.waitingCount == 0 && Self.isFree(turns, processorCount))
  }
}
