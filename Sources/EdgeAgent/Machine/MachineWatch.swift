import Pipelines

/// How the machine does, and how many frames pipelines leave out by that. An agent's one: what strains a machine doesn't end with a configuration.
final class MachineWatch: @unchecked Sendable {
  /// What it saw last, and what it made of it.
  struct Findings: Sendable {
    var reading = MachineReading()
    /// 0 while nothing is left out.
    var step = 0
    var reasons: [String] = []
  }

  /// That another step holds now.
  struct Change: Sendable, Equatable {
    var before: Int
    var step: Int
    var reasons: [String]
  }

  /// After this without a reading what was read says nothing any more.
  static let longestSilence = Duration.seconds(30)

  private let log: AgentLog
  private let read: @Sendable () -> MachineReading
  private let interval: Duration
  private let mutex = PthreadMutex()
  // Under the mutex.
  private var sensors: SensorWatch?
  private var policy = DegradationPolicy(DegradationSettings())
  private var findings = Findings()
  private var lastNumber: UInt64 = 0
  private var isSilent = false

  /// - Parameters:
  ///   - interval: between two readings, and two looks at them.
  ///   - read: asks the sensors; on a thread of its own, which nobody waits for.
  init(log: AgentLog, interval: Duration, read: @escaping @Sendable () -> MachineReading) {
    (self.log, self.interval, self.read) = (log, interval, read)
  }

  deinit { sensors?.stop() }

  /// From now on it is read.
  func start() {
    do throws(PipelinesError) {
      let made = try SensorWatch(every: interval, read)
      mutex.withLock { sensors = made }
    } catch { log.warning("how hot the machine is isn't known: \(error.message)") }
  }

  /// Nothing is read any more. Returns at once.
  func stop() { mutex.withLock { sensors }?.stop() }

  var current: Findings {
    let now = MonotonicClock.now()
    return mutex.withLock {
      var current = findings
      current.reading = sensors.flatMap { $0.silence(at: now) < Self.longestSilence ? $0.newest?.machine : nil } ?? MachineReading()
      return current
    }
  }

  /// A configuration begins: its settings count from now on, and the step that holds goes on.
  func adopt(_ settings: DegradationSettings) { mutex.withLock { policy.settings = settings } }

  /// Makes something of what was read since the last time.
  ///
  /// - Returns: nil where the step is what it was.
  func look(at now: MonotonicInstant) -> Change? {
    guard let sensors = mutex.withLock({ sensors }) else { return nil }
    let silent = sensors.silence(at: now) >= Self.longestSilence
    let wasSilent = mutex.withLock { () -> Bool in
      defer { isSilent = silent }
      return isSilent
    }
    if silent, !wasSilent {
      log.event(.warning, "no sensor of the machine has been read for \(Self.longestSilence.components.seconds) s; how hot it is isn't known")
    } else if wasSilent, !silent {
      log.event(.notice, "the sensors of the machine are read again")
    }
    return silent ? nil : sensors.newest.flatMap { take($0) }
  }

  private func take(_ reading: SensorWatch.Reading) -> Change? {
    let (change, forgotten) = mutex.withLock { () -> (Change?, [String]) in
      guard reading.number != lastNumber else { return (nil, []) }
      lastNumber = reading.number
      let before = policy.step
      let isChanged = policy.observe(reading.machine, at: reading.at)
      findings = Findings(step: policy.step, reasons: policy.reasons)
      return (isChanged ? Change(before: before, step: policy.step, reasons: policy.reasons) : nil, policy.forgotten)
    }
    for name in forgotten { log.notice("\(name) has said nothing for ten minutes; it isn't waited for any more") }
    if let change { tell(change) }
    return change
  }

  private func tell(_ change: Change) {
    let share = change.step == 0 ? "all frames are processed again" : "pipelines process at most one frame in \(1 << change.step)"
    if change.step > change.before {
      log.event(.warning, "the machine is strained, \(share): \(change.reasons.joined(separator: "; "))")
    } else {
      log.event(.notice, "the machine has recovered, \(share)")
    }
  }
}
