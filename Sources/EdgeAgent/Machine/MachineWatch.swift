import Pipelines
import Supervision

/// Looks at the machine every few seconds, remembers what it saw for all who ask, and decides how many frames pipelines leave out.
final class MachineWatch: Service, @unchecked Sendable {
  /// What it saw last, and what it made of it.
  struct Findings: Sendable {
    var reading = MachineReading()
    /// 0 while nothing is left out.
    var step = 0
    var reasons: [String] = []
  }

  static let interval = Duration.seconds(2)

  let name = "machine"
  private let sensors: MachineSensors
  private let log: AgentLog
  private let apply: @Sendable (Int) -> Void
  private let onLook: @Sendable () -> Void
  private let mutex = PthreadMutex()
  private var policy: DegradationPolicy
  private var findings = Findings()

  /// - Parameters:
  ///   - apply: told each new step.
  ///   - onLook: called each time it looks.
  init(
    _ settings: DegradationSettings, sensors: MachineSensors, log: AgentLog, apply: @escaping @Sendable (Int) -> Void,
    onLook: @escaping @Sendable () -> Void = {}
  ) {
    policy = DegradationPolicy(settings)
    self.sensors = sensors
    self.log = log
    self.apply = apply
    self.onLook = onLook
  }

  var current: Findings { mutex.withLock { findings } }

  func run() async throws {
    while !Task.isCancelled {
      look(at: MonotonicClock.now())
      try await Task.sleep(for: Self.interval)
    }
  }

  func look(at now: MonotonicInstant) {
    let reading = sensors.read()
    let (before, after) = mutex.withLock { () -> (Int, Findings) in
      let before = policy.step
      _ = policy.observe(reading, at: now)
      findings = Findings(reading: reading, step: policy.step, reasons: policy.reasons)
      return (before, findings)
    }
    if after.step != before {
      apply(after.step)
      tell(after, isMore: after.step > before)
    }
    onLook()
  }

  private func tell(_ findings: Findings, isMore: Bool) {
    let share = findings.step == 0 ? "all frames are processed again" : "pipelines process at most one frame in \(1 << findings.step)"
    if isMore {
      log.event(.warning, "the machine is strained, \(share): \(findings.reasons.joined(separator: "; "))")
    } else {
      log.event(.notice, "the machine has recovered, \(share)")
    }
  }
}
