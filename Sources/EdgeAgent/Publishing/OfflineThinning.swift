import Pipelines

/// While the broker is away, keeps only each n-th message of a pipeline's detections. What is left out takes no number, so it is no gap; it is
/// counted.
final class OfflineThinning: @unchecked Sendable {
  private struct Count {
    /// Since the broker went away.
    var offered = 0
    var leftOut: UInt64 = 0
  }

  private let interval: Int
  private let mutex = PthreadMutex()
  private var counts: [String: Count] = [:]

  init(interval: Int) { self.interval = max(1, interval) }

  func keeps(_ pipeline: String, isOnline: Bool) -> Bool {
    guard interval > 1 else { return true }
    return mutex.withLock {
      var count = counts[pipeline] ?? Count()
      defer { counts[pipeline] = count }
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
    mutex.withLock { counts[pipeline]?.leftOut ?? 0 }
  }
}
