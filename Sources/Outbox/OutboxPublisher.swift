public import MQTTTransport
import Pipelines

/// Carries messages from an outbox to a broker, on a thread of its own: in order, a bounded number at a time, each until it is
/// acknowledged. After a lost connection it begins again with the oldest that isn't: at least once.
///
/// A message that the broker will never take (too large, a topic or payload it finds invalid) is discarded, with a gap event.
/// After any other refusal (not authorised, a quota) it pauses and tries again, as someone may repair the broker's rules;
/// the outbox's limit bounds what gathers meanwhile.
public final class OutboxPublisher: @unchecked Sendable {
  /// Names a message; after a file was set aside the same ids name others.
  private struct Key: Hashable {
    let epoch: String
    let id: Int64

    init(_ message: OutboxMessage) { (epoch, id) = (message.epoch, message.id) }
  }

  private struct Shared {
    var inFlight: Set<Key> = []
    /// Something changed: look again.
    var isWoken = true
    /// Begin again with the oldest.
    var restarts = true
    var pauseUntil: MonotonicInstant?
    var lastRefusal: ReasonCode?
    var isStopping = false
  }

  private let outbox: Outbox
  private let connection: BrokerConnection
  private let inFlightLimit: Int
  private let expiry: Duration?
  private let onRefusal: @Sendable (String, ReasonCode) -> Void
  private let mutex = PthreadMutex()
  private let woken = PthreadCondition()
  private var shared = Shared()
  private var backOff: BackOff
  private var thread: DataPlaneThread?
  // The thread's own.
  private var waiting: ArraySlice<OutboxMessage> = []
  private var last: OutboxMessage?
  /// What is read ahead is for this one alone: on the next it begins with the oldest again.
  private var session: UInt64 = 0

  /// Starts at once, whether or not there is a connection yet.
  ///
  /// - Parameters:
  ///   - inFlightLimit: less than the connection's window, so that there is room for what bypasses the outbox.
  ///   - expiry: of the messages at the broker, from their publishing on.
  ///   - onRefusal: called with the topic when the broker refuses a message that is tried again, on the connection's thread; must not wait.
  /// - Throws: `.unavailable` when the system gives no thread.
  public init(
    from outbox: Outbox, to connection: BrokerConnection, inFlightLimit: Int = 32, expiry: Duration? = nil,
    pauseAfterRefusal: (initial: Duration, limit: Duration) = (.seconds(1), .seconds(60)),
    onRefusal: @escaping @Sendable (String, ReasonCode) -> Void = { _, _ in }
  ) throws(OutboxError) {
    self.outbox = outbox
    self.connection = connection
    self.inFlightLimit = max(1, inFlightLimit)
    self.expiry = expiry
    self.onRefusal = onRefusal
    backOff = BackOff(initial: pauseAfterRefusal.initial, limit: pauseAfterRefusal.limit, seed: UInt64.random(in: .min ... .max))
    outbox.onCommit { [weak self] in self?.wake() }
    connection.onStateChange { [weak self] state in self?.wake(restarting: state.isConnected) }
    do {
      thread = try DataPlaneThread(name: "publisher") { self.run() }
    } catch {
      throw OutboxError(.unavailable, error.message)
    }
  }

  /// Why the broker last refused a message; nil when the latest one was taken.
  public var lastRefusal: ReasonCode? {
    mutex.withLock { shared.lastRefusal }
  }

  /// Ends the thread; what isn't acknowledged stays in the outbox.
  public func stop() {
    mutex.withLock { shared.isStopping = true }
    woken.signal()
    thread?.join()
  }

  private func wake(restarting: Bool = false) {
    let wasAsleep = mutex.withLock {
      defer { shared.isWoken = true }
      if restarting { shared.restarts = true }
      return restarting || !shared.isWoken
    }
    if wasAsleep { woken.signal() }
  }

  private func run() {
    while waitForChange() {
      while let message = nextMessage(), publish(message) {}
    }
  }

  /// - Returns: false when stopping.
  private func waitForChange() -> Bool {
    mutex.lock()
    defer { mutex.unlock() }
    while !shared.isStopping {
      if let pauseUntil = shared.pauseUntil {
        if !woken.wait(with: mutex, until: pauseUntil) || MonotonicClock.now() >= pauseUntil {
          shared.pauseUntil = nil
          shared.restarts = true
          shared.isWoken = true
        }
        continue
      }
      if shared.isWoken { break }
      woken.wait(with: mutex)
    }
    shared.isWoken = false
    if shared.restarts {
      shared.restarts = false
      last = nil
      waiting = []
      session = connection.session
    }
    return !shared.isStopping
  }

  /// The next message, if one may be sent now.
  private func nextMessage() -> OutboxMessage? {
    let mayPublish = mutex.withLock {
      !shared.isStopping && !shared.restarts && shared.pauseUntil == nil && shared.inFlight.count < inFlightLimit
    }
    guard mayPublish, connection.state.isConnected else { return nil }
    while true {
      if waiting.isEmpty {
        waiting = outbox.messages(after: last, count: inFlightLimit * 2)[...]
        guard let newest = waiting.last else { return nil }
        last = newest
      }
      guard let message = waiting.first else { return nil }
      // After a restart within one connection some may still be under way.
      if mutex.withLock({ shared.inFlight.contains(Key(message)) }) {
        waiting.removeFirst()
        continue
      }
      return message
    }
  }

  /// - Returns: false when nothing more can be sent at the moment.
  private func publish(_ message: OutboxMessage) -> Bool {
    mutex.withLock { _ = shared.inFlight.insert(Key(message)) }
    do {
      let outgoing =
        SnapshotMessage.outgoing(message.topic, message.payload, expiry: expiry)
        ?? OutgoingMessage(topic: message.topic, payload: message.payload, contentType: "application/json", expiry: expiry)
      try connection.publish(outgoing, in: session) { [self] outcome in finish(message, outcome) }
      waiting.removeFirst()
      return true
    } catch {
      mutex.withLock { _ = shared.inFlight.remove(Key(message)) }
      switch error.code {
      case .messageTooLarge, .invalidSettings:
        waiting.removeFirst()
        outbox.discard(message, .refused)
        return true
      case .windowFull:
        // Others fill the window; what they finish doesn't wake this thread.
        mutex.withLock { shared.pauseUntil = MonotonicClock.now().advanced(by: .milliseconds(50)) }
        return false
      default:
        return false
      }
    }
  }

  /// On the connection's thread.
  private func finish(_ message: OutboxMessage, _ outcome: DeliveryOutcome) {
    switch outcome {
    case .acknowledged:
      outbox.markDelivered(message)
      mutex.withLock {
        shared.lastRefusal = nil
        backOff.reset()
      }
    case .refused(let reason) where [.packetTooLarge, .topicNameInvalid, .payloadFormatInvalid].contains(reason):
      outbox.discard(message, .refused)
      mutex.withLock { shared.lastRefusal = reason }
    case .refused(let reason):
      onRefusal(message.topic, reason)
      mutex.withLock {
        shared.lastRefusal = reason
        if shared.pauseUntil == nil { shared.pauseUntil = MonotonicClock.now().advanced(by: backOff.next()) }
      }
    case .lost:
      break
    }
    mutex.withLock { _ = shared.inFlight.remove(Key(message)) }
    wake(restarting: outcome == .lost)
  }
}
