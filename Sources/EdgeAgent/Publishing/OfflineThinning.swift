import Pipelines

/// While the broker is away, keeps only each n-th message of a pipeline's detections. What is left out takes no number, so it is no gap; it is
/// counted.
final class OfflineThinning: Sendable {
  private struct Count {
    /// Since the broker went away.
    var offered = 0
    var leftOut: UInt64 = 0
  }

  private final class Counts: @unchecked Sendable {
    let mutex = PthreadMutex()
    var byPipeline: [String: Count] = [:]
  }

  private let interval: Int
  private let counts = Counts()

  init(interval: Int) { self.interval = max(1, interval) }

  func keeps(_ pipeline: String, isOnline: Bool) -> Bool {
    guard interval > 1 else { return true }
    return counts.mutex.withLock {
      var count = counts.byPipeline[pipeline] ?? Count()
      defer { counts.byPipeline[pipeline] = count }
      guard !isOnline else {
        count.offered = 0
        return true
      }
      defer { count.offered += 1 }
      guard count.offered % interval != 0 else { return true }
      count.leftOut += 1
      return false
    }
  }

  func leftOut(_ pipeline: String) -> UInt64 {
    counts.mutex.withLock { counts.byPipeline[pipeline]?.leftOut ?? 0 }
  }
}
