import Outbox
import Pipelines
import Sparkplug

// A pipeline is a Sparkplug device that lives as long as its camera is there, or something stored is to be told.
extension SparkplugRoute {
  /// A pipeline's camera came, or went and everything that it had sent is recorded. Doesn't wait for the network.
  func note(_ pipeline: String, hasCamera: Bool) {
    mutex.withLock {
      guard hasCamera else { return lose(pipeline) }
      // Alive still: what it tells from now on follows its history.
      guard lingering.remove(pipeline) == nil else { return }
      bear(pipeline)
    }
  }

  // Everything below under the mutex.

  /// Its death follows what is stored, so that hosts see one life. Without a session there is nothing to follow: history that is told later
  /// has a life of its own.
  private func lose(_ name: String) {
    guard node.mayPublishData, node.hasBacklog || needsRebirth, node.isAlive(name) else { return bury(name) }
    lingering.insert(name)
    isWoken = true
    woken.signal()
  }

  /// Hosts take data of a device that is alive only: those of a batch are born for it where their camera is away, until all that is stored
  /// is told.
  func bearForHistory(_ samples: [SparkplugSample]) {
    for sample in samples {
      guard let name = sample.device, !node.isAlive(name) else { continue }
      bear(name)
      lingering.insert(name)
      // Also where it reached the outbox after the backlog had ended, as gap events do: the end is what it dies at.
      node.backlogBegan()
    }
  }

  /// Devices without a camera are dead again. One whose death finds no room lives until the births that mend the sequence.
  func buryLingering() {
    for name in lingering.sorted() where !needsRebirth { bury(name) }
  }

  private func bear(_ name: String) {
    guard let metrics = definitions[name] else { return }
    // The same definition as at first, which was good.
    guard let messages = try? node.deviceBorn(name, metrics: metrics, at: MonotonicClock.wallTime()) else { return }
    // Those that mend the sequence tell this one too.
    if !needsRebirth { _ = send(messages) }
  }

  private func bury(_ name: String) {
    var after = node
    guard send(after.deviceDied(name, at: MonotonicClock.wallTime())) else {
      lingering.insert(name)
      return
    }
    node = after
    lingering.remove(name)
  }
}
