public import Pipelines

/// How often a service may fail before the process gives up.
public struct RestartLimit: Sendable, Equatable {
  /// Restarts within `window`; 5.
  public var count: Int
  /// One minute.
  public var window: Duration

  public init(count: Int = 5, window: Duration = .seconds(60)) {
    self.count = count
    self.window = window
  }
}

/// The failures of one service.
public struct RestartHistory: Sendable {
  private let limit: RestartLimit
  private var failures: [MonotonicInstant] = []

  public init(limit: RestartLimit) { self.limit = limit }

  /// Records a failure and says whether the service may run again.
  public mutating func permitsRestart(afterFailureAt now: MonotonicInstant) -> Bool {
    failures.removeAll { $0.duration(to: now) > limit.window }
    guard failures.count < limit.count else { return false }
    failures.append(now)
    return true
  }
}
