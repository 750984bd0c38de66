import Outbox
import Pipelines
import Sparkplug

// A pipeline is a Sparkplug device that lives as long as its camera is there.
extension SparkplugRoute {
  /// A pipeline's camera came, or went and everything that it had sent is recorded. Doesn't wait for the network.
  func note(_ pipeline: String, hasCamera: Bool) {
    mutex.withLock {
      guard hasCamera else { return bury(pipeline) }
      // Born for its history already: what it tells from now on follows that.
      guard bornForHistory.remove(pipeline) == nil else { return }
      bear(pipeline)
    }
  }

  // Everything below under the mutex.

  /// Hosts take data of a device that is alive only: those of a batch are born for it where their camera is away, until all that is stored
  /// is told, be it by another connection.
  func bearForHistory(_ samples: [SparkplugSample]) {
    for sample in samples {
      guard let name = sample.device, !node.isAlive(name) else { continue }
      bear(name)
      bornForHistory.insert(name)
    }
  }

  /// All that was stored is told: a device without a camera is dead again.
  func buryAfterHistory() {
    for name in bornForHistory.sorted() { bury(name) }
    bornForHistory.removeAll()
  }

  private func bear(_ name: String) {
    guard let metrics = definitions[name] else { return }
    // The same definition as at first, which was good.
    guard let messages = try? node.deviceBorn(name, metrics: metrics, at: MonotonicClock.wallTime()) else { return }
    _ = send(messages)
  }

  private func bury(_ name: String) {
    _ = send(node.deviceDied(name, at: MonotonicClock.wallTime()))
  }
}
