import Pipelines

extension SystemdNotifier {
  /// Does work that nothing else watches and whose duration nobody knows, such as looking over a large file, and tells systemd all the while
  /// that the process is alive. After `limit` it no longer does: then the work counts as standing still.
  public func sustaining<Result, Failure: Error>(limit: Duration = .seconds(1800), _ work: () throws(Failure) -> Result) throws(Failure) -> Result {
    guard let watchdogTimeout else { return try work() }
    let sustainer = Sustainer(interval: watchdogTimeout / 3, end: MonotonicClock.now().advanced(by: limit), alive: alive)
    let thread = try? DataPlaneThread(name: "sustainer", body: sustainer.run)
    defer {
      sustainer.stop()
      thread?.join()
    }
    return try work()
  }
}

private final class Sustainer: @unchecked Sendable {
  private let interval: Duration
  private let end: MonotonicInstant
  private let alive: @Sendable () -> Void
  private let mutex = PthreadMutex()
  private let changed = PthreadCondition()
  private var isOver = false

  init(interval: Duration, end: MonotonicInstant, alive: @escaping @Sendable () -> Void) {
    self.interval = interval
    self.end = end
    self.alive = alive
  }

  func run() {
    mutex.lock()
    defer { mutex.unlock() }
    while !isOver, MonotonicClock.now() < end {
      alive()
      let next = MonotonicClock.now().advanced(by: interval)
      while !isOver, changed.wait(with: mutex, until: next) {}
    }
  }

  func stop() {
    mutex.withLock { isOver = true }
    changed.broadcast()
  }
}
