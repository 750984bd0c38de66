import MQTTTransport
import Outbox
import Pipelines
import Sparkplug

// What waits in the outbox, told as historical on a thread of its own.
extension SparkplugRoute {
  func run() {
    while waitForChange() {
      mendSequence()
      resubscribe()
      while tellBatch() {}
    }
  }

  /// - Returns: false when stopping.
  private func waitForChange() -> Bool {
    mutex.lock()
    defer { mutex.unlock() }
    while !isStopping && !isWoken {
      // Where the connection's window was full, nothing else tells when there is room again.
      let retry = needsRebirth ? MonotonicClock.now().advanced(by: .milliseconds(100)) : nil
      guard let deadline = [retry, resubscribeAt].compactMap({ $0 }).min() else {
        woken.wait(with: mutex)
        continue
      }
      if !woken.wait(with: mutex, until: deadline) { break }
    }
    isWoken = false
    return !isStopping
  }

  private func mendSequence() {
    mutex.withLock {
      guard needsRebirth else { return }
      needsRebirth = false
      guard send(node.rebirth(at: MonotonicClock.wallTime())), !node.hasBacklog else { return }
      finishWaiting()
    }
  }

  /// A subscription that was refused is asked for again by a new connection.
  private func resubscribe() {
    let isDue = mutex.withLock {
      guard let due = resubscribeAt, MonotonicClock.now() >= due else { return false }
      resubscribeAt = nil
      return true
    }
    if isDue { connection.restart(sendingWill: false) }
  }

  /// - Returns: whether there may be more.
  private func tellBatch() -> Bool {
    // Asked for before the look into the file: what isn't on disk by then comes with a commit, which wakes this thread.
    let allIsWritten = mutex.withLock { unwritten == 0 }
    let batch = outbox.messages(count: batchCount)
    guard !batch.isEmpty else {
      endBacklog(allWritten: allIsWritten)
      return false
    }
    let deliveries = Deliveries()
    let told = mutex.withLock { () -> [OutboxMessage]? in
      guard node.mayPublishData, !needsRebirth, !isStopping else { return nil }
      let (samples, told) = read(batch)
      bearForHistory(samples)
      // A birth that found no room: whoever listens would hold the data for a dead device's.
      guard !needsRebirth else { return nil }
      guard let messages = try? node.publish(stored: samples, at: MonotonicClock.wallTime()) else { return nil }
      deliveries.expect(messages.count)
      return send(messages, completion: { deliveries.finish($0) }) ? told : nil
    }
    guard let told else { return false }
    switch deliveries.outcome(unless: { [self] in mutex.withLock { isStopping } }) {
    case .sent:
      for message in told { outbox.markDelivered(message) }
      batchCount = min(batchCount * 2, Self.largestBatch)
      return true
    case .refused:
      shrink(told)
      return false
    case .unknown: return false
    }
  }

  /// The broker takes no message as large as this one: fewer samples go into the next, and one that is too large by itself is given up.
  private func shrink(_ batch: [OutboxMessage]) {
    if batch.count == 1 { outbox.discard(batch[0], .refused) }
    batchCount = max(1, batch.count / 4)
    // The refused message had a number of the sequence.
    mutex.withLock { needsRebirth = true }
  }

  /// Live samples may go out again once nothing older waits. While results keep coming something always waits for the disk: near the end
  /// they are held in memory instead, until the file is empty.
  private func endBacklog(allWritten: Bool) {
    mutex.withLock {
      guard node.hasBacklog, node.mayPublishData, !needsRebirth else { return }
      // A disk that fails hides what it has, for as long as it likes: deaths don't wait for that.
      guard outbox.status.error == nil else { return buryLingering() }
      guard held != nil, allWritten, unwritten == 0 else {
        if held == nil { held = [] }
        // All may be written already, and no commit come any more.
        if unwritten == 0 { isWoken = true }
        return
      }
      node.backlogDrained()
      finishWaiting()
    }
  }

  /// Nothing older waits, and the sequence is whole: what was held is told, then deaths.
  private func finishWaiting() {
    tellHeld()
    if !node.hasBacklog { buryLingering() }
  }

  /// The samples that stored messages hold, and the messages that have had their say with them. Of a pipeline that the configuration
  /// no longer has, nothing can be told.
  private func read(_ batch: [OutboxMessage]) -> (samples: [SparkplugSample], told: [OutboxMessage]) {
    var samples: [SparkplugSample] = []
    var told: [OutboxMessage] = []
    for message in batch {
      let levels = message.topic.split(separator: "/")
      guard levels.count == 3, definitions[String(levels[1])] != nil else {
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

/// What becomes of a number of messages.
private final class Deliveries: @unchecked Sendable {
  enum Outcome {
    /// The network has taken all of them.
    case sent
    /// The broker doesn't take one of them, now or later.
    case refused
    case unknown
  }

  private let mutex = PthreadMutex()
  private let changed = PthreadCondition()
  private var awaited = 0
  private var worst = Outcome.sent

  func expect(_ count: Int) { mutex.withLock { awaited = count } }

  func finish(_ outcome: DeliveryOutcome) {
    mutex.withLock {
      awaited -= 1
      switch outcome {
      case .acknowledged: break
      case .refused: worst = .refused
      case .lost: if worst == .sent { worst = .unknown }
      }
    }
    changed.signal()
  }

  /// Waits for all of them, but not once `isOver`: a broker that reads no more can hold messages up as long as it likes.
  func outcome(unless isOver: () -> Bool) -> Outcome {
    mutex.lock()
    defer { mutex.unlock() }
    while awaited > 0 {
      let isInTime = changed.wait(with: mutex, until: MonotonicClock.now().advanced(by: .milliseconds(100)))
      guard !isInTime else { continue }
      mutex.unlock()
      let mustEnd = isOver()
      mutex.lock()
      if mustEnd { return .unknown }
    }
    return worst
  }
}
