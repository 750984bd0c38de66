import Pipelines

/// Beats at a steady rate for sources that have no clock of their own, and lets another thread end the waiting.
final class Metronome: @unchecked Sendable {
  enum Beat: Equatable {
    /// It is time; so many beats went by unused before it.
    case now(skipped: UInt64)
    case timedOut
    case stopped
  }

  /// Nanoseconds between beats; zero doesn't wait at all.
  private let interval: UInt64
  private let isInPhase: Bool
  private let mutex = PthreadMutex()
  private let stopped = PthreadCondition()
  private var isStopped = false
  /// The next beat. Under the mutex.
  private(set) var due: MonotonicInstant?

  /// - Parameters:
  ///   - rate: beats a second; infinite for no waiting.
  ///   - isInPhase: whether all beats but the first are at multiples of their interval on the monotonic clock, so that others can know them.
  init(rate: Double, isInPhase: Bool = false) {
    self.isInPhase = isInPhase
    interval = rate.isFinite ? UInt64(min(1e9 / rate, 1e18)) : 0
  }

  var hasStopped: Bool {
    mutex.withLock { isStopped }
  }

  func stop() {
    mutex.withLock { isStopped = true }
    stopped.broadcast()
  }

  /// Holds the next beat back until `duration` from now.
  func pause(for duration: Duration) {
    mutex.withLock {
      let next = MonotonicClock.now().advanced(by: duration).nanoseconds
      due = MonotonicInstant(nanoseconds: isInPhase && interval > 0 ? (next / interval + 1) * interval : next)
    }
  }

  /// Waits for the next beat; the first comes at once. One that is late by whole intervals skips them rather than bring a burst.
  func wait(until deadline: MonotonicInstant) -> Beat {
    mutex.lock()
    defer { mutex.unlock() }
    let due = due ?? MonotonicClock.now()
    while !isStopped && MonotonicClock.now() < min(due, deadline) {
      stopped.wait(with: mutex, until: min(due, deadline))
    }
    if isStopped { return .stopped }
    let now = MonotonicClock.now()
    if now < due { return .timedOut }
    guard interval > 0 else {
      self.due = nil
      return .now(skipped: 0)
    }
    let skipped = (now.nanoseconds - due.nanoseconds) / interval
    let next = due.nanoseconds + (skipped + 1) * interval
    self.due = MonotonicInstant(nanoseconds: isInPhase ? next - next % interval : next)
    return .now(skipped: skipped)
  }
}
