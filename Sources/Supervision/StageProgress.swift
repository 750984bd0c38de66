public import Pipelines

/// Where one stage of a pipeline stands, for the watchdog: waiting (for a device, a frame, a trigger, the end of a pause) is
/// fine for ever, working has a limit. Safe on the hot path: a few instructions under a mutex, no allocation.
public final class StageProgress: @unchecked Sendable {
  public let name: String
  /// How much longer than others it may work without progress.
  public let patience: Duration
  private let mutex = PthreadMutex()
  private var workingSince: MonotonicInstant?

  public init(name: String, patience: Duration = .zero) { (self.name, self.patience) = (name, patience) }

  /// The stage has something to do; calling it again while working is progress, too.
  public func work(at now: MonotonicInstant = MonotonicClock.now()) {
    mutex.withLock { workingSince = now }
  }

  /// The stage has nothing to do until something happens outside it.
  public func wait() {
    mutex.withLock { workingSince = nil }
  }

  /// How long the stage has worked without progress; zero while it waits.
  public func timeWithoutProgress(at now: MonotonicInstant) -> Duration {
    mutex.withLock { workingSince.map { $0 < now ? $0.duration(to: now) : .zero } ?? .zero }
  }
}

/// All stages that the watchdog looks at.
public final class ProgressLedger: @unchecked Sendable {
  private let mutex = PthreadMutex()
  private var stages: [StageProgress] = []

  public init() {}

  /// A new stage, waiting.
  /// - Parameter patience: how much longer than others it may work without progress.
  public func stage(_ name: String, patience: Duration = .zero) -> StageProgress {
    let stage = StageProgress(name: name, patience: patience)
    mutex.withLock { stages.append(stage) }
    return stage
  }

  /// A stage that ended in order has no work any more.
  public func remove(_ stage: StageProgress) {
    mutex.withLock { stages.removeAll { $0 === stage } }
  }

  /// Names of the stages that have worked for longer than `limit`, and their patience, without progress.
  public func stuckStages(at now: MonotonicInstant, limit: Duration) -> [String] {
    mutex.withLock { stages.filter { $0.timeWithoutProgress(at: now) > limit + $0.patience }.map(\.name) }
  }
}
