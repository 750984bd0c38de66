import MQTTTransport
import Outbox
import Pipelines
import Sparkplug

// What waits in the outbox, told as historical on a thread of its own.
extension SparkplugRoute {
  private static let batchCount = 64

  func run() {
    while waitForChange() {
      mendSequence()
      while tellBatch() {}
    }
  }

  /// - Returns: false when stopping.
  private func waitForChange() -> Bool {
    mutex.lock()
    defer { mutex.unlock() }
    while !isStopping && !isWoken {
      // Where the connection's window was full, nothing else tells when there is room again.
      if needsRebirth { _ = woken.wait(with: mutex, until: MonotonicClock.now().advanced(by: .milliseconds(100))) } else { woken.wait(with: mutex) }
      if needsRebirth { break }
    }
    isWoken = false
    return !isStopping
  }

  private func mendSequence() {
    mutex.withLock {
      guard needsRebirth else { return }
      needsRebirth = false
      _ = send(node.rebirth(at: MonotonicClock.wallTime()))
      isWoken = false
    }
  }

  /// - Returns: whether there may be more.
  private func tellBatch() -> Bool {
    let batch = outbox.messages(count: Self.batchCount)
    guard !batch.isEmpty else {
      endBacklog()
      return false
    }
    let deliveries = Deliveries()
    let told = mutex.withLock { () -> [OutboxMessage]? in
      guard node.mayPublishData, !needsRebirth, !isStopping else { return nil }
      let (samples, told) = read(batch)
      guard let messages = try? node.publish(stored: samples, at: MonotonicClock.wallTime()) else { return nil }
      deliveries.expect(messages.count)
      return send(messages, completion: { deliveries.finish($0) }) ? told : nil
    }
    guard let told, deliveries.areAllSent() else { return false }
    for message in told { outbox.markDelivered(message) }
    return true
  }

  /// Live samples may go out again; under the mutex, so that none is stored meanwhile.
  private func endBacklog() {
    mutex.withLock {
      if unwritten == 0, node.hasBacklog, outbox.messages(count: 1).isEmpty { node.backlogDrained() }
    }
  }

  /// The samples that stored messages hold, and the messages that have had their say with them. Of a pipeline that the configuration
  /// no longer has, nothing can be told.
  private func read(_ batch: [OutboxMessage]) -> (samples: [SparkplugSample], told: [OutboxMessage]) {
    var samples: [SparkplugSample] = []
    var told: [OutboxMessage] = []
    for message in batch {
      let levels = message.topic.split(separator: "/")
      guard levels.count == 3, node.isAlive(String(levels[1])) else {
        log.log(.warning, "a stored result of \(message.topic) is dropped: the pipeline is no longer configured", subject: "orphan \(message.topic)")
        told.append(message)
        continue
      }
      let device = String(levels[1])
      if levels[2] == "events" {
        let gap = SparkplugMetrics.gap(String(decoding: message.payload, as: UTF8.self))
        samples.append(SparkplugSample(device: device, capturedAt: MonotonicClock.wallTime(), metrics: [gap]))
        told.append(message)
      } else if let sample = try? SparkplugSample(device: device, storedForm: message.payload) {
        samples.append(sample)
        told.append(message)
      } else {
        outbox.discard(message, .damaged)
      }
    }
    return (samples, told)
  }
}

/// Waits until the network has taken a number of messages.
private final class Deliveries: @unchecked Sendable {
  private let mutex = PthreadMutex()
  private let changed = PthreadCondition()
  private var awaited = 0
  private var isLost = false

  func expect(_ count: Int) { mutex.withLock { awaited = count } }

  func finish(_ outcome: DeliveryOutcome) {
    mutex.withLock {
      awaited -= 1
      if outcome != .acknowledged { isLost = true }
    }
    changed.signal()
  }

  /// The connection finishes every message that it has accepted, at its own end at the latest.
  func areAllSent() -> Bool {
    mutex.lock()
    defer { mutex.unlock() }
    while awaited > 0 { changed.wait(with: mutex) }
    return !isLost
  }
}
