package import MQTTTransport
import Pipelines
import Supervision
package import Updates

/// Reads what a broker retains on exact topics, a few at a time.
///
/// A retained message comes right after its subscription is acknowledged; what hasn't come within the patience isn't there. Wildcards
/// aren't used: a broker's queue for one client is limited, and what doesn't fit is lost without a word.
package final class RetainedTopics: @unchecked Sendable {
  private enum Progress {
    case asked
    /// Since when nothing has come.
    case granted(MonotonicInstant)
    case came([UInt8], MonotonicInstant)
    case refused(ReasonCode)
  }

  private struct Topic {
    var progress = Progress.asked
    /// The message before it was asked for once more.
    var last: [UInt8]?
    /// Its message was waited for in vain: when it comes after all, that is news, whatever it says.
    var isOverdue = false
  }

  private let connection: BrokerConnection
  private let patience: Duration
  private let freshness: Duration
  /// Waiting for the broker is no work.
  var progress: StageProgress?
  fileprivate let mutex = PthreadMutex()
  fileprivate let condition = PthreadCondition()
  private var topics: [String: Topic] = [:]
  fileprivate var isStopped = false
  fileprivate var isInterrupted = false

  /// Longest wait for a connection and the broker's answer to a subscription.
  private let answerLimit: Duration

  /// - Parameters:
  ///   - patience: how long after its answer a broker may take to hand a message out; for the answer itself it has six times as long.
  ///   - freshness: a followed topic's message that is older is asked for once more.
  package init(_ connection: BrokerConnection, patience: Duration, freshness: Duration = .seconds(30)) {
    (self.connection, self.patience, self.freshness) = (connection, patience, freshness)
    answerLimit = patience * 6
  }

  /// Where it reads, for a person.
  var address: String { "\(connection.address)" }

  /// Ends every wait; nothing is read after it.
  func stop() {
    mutex.withLock { isStopped = true }
    condition.broadcast()
  }

  /// Stays subscribed to a topic and calls `onChange` for each new message on it.
  ///
  /// Where it is followed already, the broker is asked for its message once more if that is no longer fresh: one that has fallen silent would
  /// else pass for one that has no news. `onChange` is then called for the same message only if it was waited for in vain.
  package func follow(_ topic: String, onChange: @escaping @Sendable () -> Void) throws(UpdatesError) {
    let known = mutex.withLock { topics[topic] }
    let now = MonotonicClock.now()
    var last = known?.last
    switch known?.progress {
    case .came(let payload, let since)?:
      guard since.duration(to: now) >= freshness else { return }
      last = payload
    case .granted?, .asked?: guard known?.isOverdue == true else { return }
    case .refused?, nil: break
    }
    connection.unsubscribe(from: topic)
    try ask(topic, after: last) { onChange() }
  }

  /// Begins to wait for a topic's message.
  package func ask(_ topic: String) throws(UpdatesError) { try ask(topic, after: nil) {} }

  private func ask(_ topic: String, after last: [UInt8]?, _ onMessage: @escaping @Sendable () -> Void) throws(UpdatesError) {
    mutex.withLock { topics[topic] = Topic(last: last, isOverdue: topics[topic]?.isOverdue ?? false) }
    do throws(MQTTTransportError) {
      try connection.subscribe(
        to: topic,
        completion: { [weak self] outcome in
          self?.note(topic) { progress in
            if case .came = progress { return progress }
            switch outcome {
            case .granted: return .granted(MonotonicClock.now())
            case .refused(let reason): return .refused(reason)
            }
          }
        },
        handler: { [weak self] message in
          if self?.take(message.payload, on: topic) == true { onMessage() }
        })
    } catch {
      mutex.withLock { topics[topic] = nil }
      throw UpdatesError(.unavailable, error.message)
    }
  }

  /// - Returns: false for the same message once more: whoever sends it again and again shall not keep the device busy.
  private func take(_ payload: [UInt8], on topic: String) -> Bool {
    let isNew = mutex.withLock { () -> Bool in
      guard let known = topics[topic] else { return false }
      var last = known.last
      if case .came(let payload, _) = known.progress { last = payload }
      topics[topic] = Topic(progress: .came(payload, MonotonicClock.now()), last: payload)
      return last != payload || known.isOverdue
    }
    condition.broadcast()
    return isNew
  }

  private func note(_ topic: String, _ change: (Progress) -> Progress) {
    mutex.withLock { if let progress = topics[topic]?.progress { topics[topic]?.progress = change(progress) } }
    condition.broadcast()
  }

  /// Ends the wait for a topic.
  func forget(_ topic: String) {
    connection.unsubscribe(from: topic)
    mutex.withLock { topics[topic] = nil }
  }

  /// Waits until one of the topics that were asked for is settled, and gives it with its message; nil for one that isn't there.
  ///
  /// - Throws: `.unavailable` where the broker refuses, or can't be reached for too long.
  func next(of wanted: [String]) throws(UpdatesError) -> (topic: String, payload: [UInt8]?) {
    progress?.wait()
    defer { progress?.work() }
    let limit = MonotonicClock.now().advanced(by: answerLimit)
    let outcome = mutex.withLock { () -> Result<(topic: String, payload: [UInt8]?), UpdatesError> in
      while true {
        if isStopped { return .failure(UpdatesError(.unavailable, "the agent is ending")) }
        let now = MonotonicClock.now()
        var deadline = limit
        for topic in wanted {
          switch topics[topic]?.progress {
          // An empty retained message is how one is removed.
          case .came(let payload, _)?: return .success((topic, payload.isEmpty ? nil : payload))
          case .refused(let reason)?:
            // Asked anew the next time: somebody may correct the access list.
            topics[topic] = nil
            connection.unsubscribe(from: topic)
            return .failure(UpdatesError(.unavailable, "the broker refuses the topic \(topic) \(reason): check its access list"))
          case .granted(let since)?:
            let end = since.advanced(by: patience)
            if now >= end {
              topics[topic]?.isOverdue = true
              return .success((topic, nil))
            }
            deadline = min(deadline, end)
          case .asked, nil: break
          }
        }
        if now >= limit {
          for topic in wanted { topics[topic]?.isOverdue = true }
          return .failure(
            UpdatesError(.unavailable, "the broker at \(address) gave no answer for \(wanted.first ?? "") in \(answerLimit): it is away, or too slow"))
        }
        condition.wait(with: mutex, until: deadline)
      }
    }
    return try outcome.get()
  }

  /// One topic's message; nil where there is none.
  package func read(_ topic: String) throws(UpdatesError) -> [UInt8]? {
    if mutex.withLock({ topics[topic] }) != nil { return try next(of: [topic]).payload }
    try ask(topic)
    defer { forget(topic) }
    return try next(of: [topic]).payload
  }
}

extension RetainedTopics {
  /// Waits, unless stopped or interrupted.
  func pause(until deadline: MonotonicInstant) {
    progress?.wait()
    defer { progress?.work() }
    mutex.withLock {
      while !isStopped, !isInterrupted, MonotonicClock.now() < deadline { condition.wait(with: mutex, until: deadline) }
      isInterrupted = false
    }
  }

  /// Ends the pause that is under way, or the next one.
  func interrupt() {
    mutex.withLock { isInterrupted = true }
    condition.broadcast()
  }
}
