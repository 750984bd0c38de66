import Pipelines

/// Tells the service manager that the process is alive, only while every stage that has work progresses.
public struct Watchdog: Service {
  public let name = "watchdog"
  private let ledger: ProgressLedger
  private let notifier: SystemdNotifier
  private let interval: Duration
  /// Time without progress after which a working stage counts as stuck.
  public let limit: Duration
  private let onStuck: @Sendable ([String]) -> Void

  /// - Parameters:
  ///   - limit: Default: two thirds of the service manager's timeout, so that a slow machine needs one setting, its unit's `WatchdogSec`;
  ///     20 seconds where none is set.
  ///   - onStuck: Hears once when stages get stuck, and again, with none, when they go on.
  public init(
    ledger: ProgressLedger, notifier: SystemdNotifier, limit: Duration? = nil, onStuck: @escaping @Sendable ([String]) -> Void = { _ in }
  ) {
    self.ledger = ledger
    self.notifier = notifier
    self.interval = min(notifier.watchdogTimeout.map { $0 / 3 } ?? .seconds(5), .seconds(5))
    self.limit = limit ?? notifier.watchdogTimeout.map { $0 * 2 / 3 } ?? .seconds(20)
    self.onStuck = onStuck
  }

  public func run() async throws {
    var reported: [String] = []
    while !Task.isCancelled {
      let stuck = ledger.stuckStages(at: MonotonicClock.now(), limit: limit)
      if stuck.isEmpty { notifier.alive() }
      if stuck != reported { onStuck(stuck) }
      reported = stuck
      // The timer is the event: nothing is polled that could be waited for.
      try await Task.sleep(for: interval)
    }
  }
}
