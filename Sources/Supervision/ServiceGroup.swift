import Pipelines

/// Runs services side by side. A failing one is run again within the limit; beyond it all are cancelled and the group fails,
/// so that the process ends and whoever started it decides.
public struct ServiceGroup: Sendable {
  /// A failure as the group sees it.
  public struct Failure: Sendable {
    public let service: String
    public let error: any Error
    public let isRestarting: Bool
  }

  private let services: [any Service]
  private let limit: RestartLimit
  private let describe: @Sendable (any Error) -> String
  private let onFailure: @Sendable (Failure) -> Void

  /// - Parameters:
  ///   - describe: A person's words for an error of a service.
  ///   - onFailure: Hears of every failure, before the service is run again.
  public init(
    _ services: [any Service], limit: RestartLimit = RestartLimit(), describe: @escaping @Sendable (any Error) -> String = { "\($0)" },
    onFailure: @escaping @Sendable (Failure) -> Void = { _ in }
  ) {
    self.services = services
    self.limit = limit
    self.describe = describe
    self.onFailure = onFailure
  }

  /// Returns when all services have returned; cancelling the task cancels them.
  ///
  /// - Throws: `restartLimit`, after the other services have returned.
  public func run() async throws(SupervisionError) {
    let failure = await withTaskGroup(of: SupervisionError?.self) { group in
      for service in services { group.addTask { await supervise(service) } }
      var first: SupervisionError?
      for await outcome in group {
        guard let outcome else { continue }
        if first == nil { first = outcome }
        group.cancelAll()
      }
      return first
    }
    if let failure { throw failure }
  }

  private func supervise(_ service: any Service) async -> SupervisionError? {
    var history = RestartHistory(limit: limit)
    while true {
      do {
        try await service.run()
        return nil
      } catch {
        if Task.isCancelled { return nil }
        let mayRestart = history.permitsRestart(afterFailureAt: MonotonicClock.now())
        onFailure(Failure(service: service.name, error: error, isRestarting: mayRestart))
        guard !mayRestart else { continue }
        let seconds = limit.window.components.seconds
        return SupervisionError(.restartLimit, "\(service.name) failed more than \(limit.count) times within \(seconds) s; the last time: \(describe(error))")
      }
    }
  }
}
