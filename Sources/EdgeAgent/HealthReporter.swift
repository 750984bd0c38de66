import Supervision

/// Says how it is, at a steady interval.
struct HealthReporter: Service {
  var name = "health"
  let interval: Duration
  let publish: @Sendable () -> Void

  func run() async throws {
    while !Task.isCancelled {
      try await Task.sleep(for: interval)
      publish()
    }
  }
}
