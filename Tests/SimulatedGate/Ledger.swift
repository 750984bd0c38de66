public import GateClient
public import Pipelines

/// Everything that a client reported, with the moment of each report; to be waited for.
@safe public final class Ledger: @unchecked Sendable {
  private let mutex = PthreadMutex()
  private let changed = PthreadCondition()
  private var all: [(at: MonotonicInstant, report: GateReport)] = []

  public init() {}

  public func take(_ report: GateReport) {
    let now = MonotonicClock.now()
    mutex.withLock { all.append((now, report)) }
    changed.broadcast()
  }

  /// What was reported from that position on.
  public func reports(from position: Int = 0) -> [(at: MonotonicInstant, report: GateReport)] { mutex.withLock { Array(all[position...]) } }

  public var count: Int { mutex.withLock { all.count } }

  /// Waits until one report from that position on fulfils the condition; nil after `timeout`.
  public func wait(_ timeout: Duration = .seconds(5), from start: Int = 0, for condition: (GateReport) -> Bool) -> (at: MonotonicInstant, position: Int)? {
    let deadline = MonotonicClock.now().advanced(by: timeout)
    var position = start
    mutex.lock()
    defer { mutex.unlock() }
    while true {
      while position < all.count {
        if condition(all[position].report) { return (all[position].at, position) }
        position += 1
      }
      if !changed.wait(with: mutex, until: deadline), position == all.count { return nil }
    }
  }

  public func waitUntilArmed(_ timeout: Duration = .seconds(15), from start: Int = 0) -> Bool { wait(timeout, from: start) { $0 == .state(.armed) } != nil }
}
