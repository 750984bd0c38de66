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
    case came([UInt8])
    case refused(ReasonCode)
  }

  private let connection: BrokerConnection
  private let patience: Duration
  /// Waiting for the broker is no work.
  var progress: StageProgress?
  fileprivate let mutex = PthreadMutex()
  fileprivate let condition = PthreadCondition()
  private var topics: [String: Progress] = [:]
  fileprivate var isStopped = false
  fileprivate var isInterrupted = false

  /// Longest wait for a connection and the broker's answer to a subscription.
  private static let answerLimit = Duration.seconds(30)

  package init(_ connection: BrokerConnection, patience: Duration) { (self.connection, self.patience) = (connection, patience) }

  /// Ends every wait; nothing is read after it.
  func stop() {
    mutex.withLock { isStopped = true }
    condition.broadcast()
  }

  /// Stays subscribed to a topic and calls `onChange` for each message on it.
  /// Does nothing for one that is followed already.
  package func follow(_ topic: String, onChange: @escaping @Sendable () -> Void) throws(UpdatesError) {
    guard !isAsked(topic) else { return }
    try ask(topic) { onChange() }
  }

  /// Begins to wait for a topic's message.
  package func ask(_ topic: String) throws(UpdatesError) { try ask(topic) {} }

  private func ask(_ topic: String, _ onMessage: @escaping @Sendable () -> Void) throws(UpdatesError) {
    mutex.withLock { topics[topic] = .asked }
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
          guard let self, self.isNew(message.payload, on: topic) else { return }
          self.note(topic) { _ in .came(message.payload) }
          onMessage()
        })
    } catch {
      mutex.withLock { topics[topic] = nil }
      throw UpdatesError(.unavailable, error.message)
    }
  }

  /// Whether the topic is asked for, or followed.
  func isAsked(_ topic: String) -> Bool { mutex.withLock { topics[topic] != nil } }

  /// The same message once more changes nothing; whoever sends it again and again shall not keep the device busy.
  private func isNew(_ payload: [UInt8], on topic: String) -> Bool {
    mutex.withLock { if case .came(let last)? = topics[topic] { last != payload } else { true } }
  }

  private func note(_ topic: String, _ change: (Progress) -> Progress) {
    mutex.withLock { if let progress = topics[topic] { topics[topic] = change(progress) } }
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
    let limit = MonotonicClock.now().advanced(by: Self.answerLimit)
    let outcome = mutex.withLock { () -> Result<(topic: String, payload: [UInt8]?), UpdatesError> in
      while true {
        if isStopped { return .failure(UpdatesError(.unavailable, "the agent is ending")) }
        let now = MonotonicClock.now()
        var deadline = limit
        for topic in wanted {
          switch topics[topic] {
          // An empty retained message is how one is removed.
          case .came(let payload): return .success((topic, payload.isEmpty ? nil : payload))
          case .refused(let reason):
            // Asked anew the next time: somebody may correct the access list.
            topics[topic] = nil
            connection.unsubscribe(from: topic)
            return .failure(UpdatesError(.unavailable, "the broker refuses the topic \(topic) \(reason): check its access list"))
          case .granted(let since):
            let end = since.advanced(by: patience)
            if now >= end { return .success((topic, nil)) }
            deadline = min(deadline, end)
          case .asked, nil: break
          }
        }
        if now >= limit {
          return .failure(UpdatesError(.unavailable, "the broker at \(connection.address) gave no answer for \(wanted.first ?? "") in \(Self.answerLimit)"))
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
