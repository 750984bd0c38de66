import Pipelines

/// A thread that reads the machine's sensors every few seconds: one of them may take its time, or never answer, and nobody waits for it.
final class SensorWatch: @unchecked Sendable {
  /// What was read, and when.
  struct Reading: Sendable {
    var machine: MachineReading
    var at: MonotonicInstant
    /// Counted from 1.
    var number: UInt64
  }

  private let interval: Duration
  private let read: @Sendable () -> MachineReading
  private let startedAt: MonotonicInstant
  private let mutex = PthreadMutex()
  private let changed = PthreadCondition()
  private var last: Reading?
  private var isStopped = false

  /// Reads for the first time at once. The thread ends some time after `stop()`: where a sensor hangs, never.
  init(every interval: Duration, _ read: @escaping @Sendable () -> MachineReading, at now: MonotonicInstant = MonotonicClock.now()) throws(PipelinesError) {
    (self.interval, self.read) = (interval, read)
    startedAt = now
    _ = try DataPlaneThread(name: "sensors") { [self] in run() }
  }

  /// Nil before the first.
  var newest: Reading? { mutex.withLock { last } }

  /// For how long nothing has been read.
  func silence(at now: MonotonicInstant) -> Duration { (newest?.at ?? startedAt).duration(to: now) }

  /// Returns at once.
  func stop() {
    mutex.withLock { isStopped = true }
    changed.broadcast()
  }

  private func run() {
    var number: UInt64 = 0
    while !mutex.withLock({ isStopped }) {
      let machine = read()
      number += 1
      let now = MonotonicClock.now()
      mutex.withLock { last = Reading(machine: machine, at: now, number: number) }
      wait(until: now.advanced(by: interval))
    }
  }

  private func wait(until deadline: MonotonicInstant) {
    mutex.lock()
    defer { mutex.unlock() }
    while !isStopped, changed.wait(with: mutex, until: deadline) {}
  }
}
