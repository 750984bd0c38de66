public import MQTTTransport
import Pipelines

/// A connection to the broker on which one thing is done after the other: it is asked and answered, and whoever asks waits.
public final class BrokerSession: @unchecked Sendable {
  private struct Shared {
    var isConnected = false
    var failure: MQTTTransportError?
    /// What came, by topic, in order.
    var messages: [String: [[UInt8]]] = [:]
    var answered: [String: SubscriptionOutcome] = [:]
    var echoes: Set<String> = []
    var unfinished = 0
    var refusal: (topic: String, outcome: DeliveryOutcome)?
    var feed: FleetFeed?
  }

  /// How long a broker may take for an answer.
  static let patience = Duration.seconds(20)
  /// Topics that are asked for at once: fewer than any broker's limit on messages that wait for a client.
  static let windowCount = 32

  let connection: BrokerConnection
  private let quiet: Duration
  private let mutex = PthreadMutex()
  private let changed = PthreadCondition()
  private var shared = Shared()
  private let echoTopic: String
  private var echoCount = 0
  private var isEchoing = false

  /// Connects, and waits until the broker has accepted.
  ///
  /// - Parameter quiet: where the broker doesn't echo, what hasn't come by then isn't there. An access list that lets this user read and write its
  ///   echo saves the wait.
  /// - Throws: `.broker`, with the connection's reason.
  public init(_ settings: BrokerSettings, quiet: Duration = .seconds(3)) throws(ReleaseError) {
    self.quiet = quiet
    echoTopic = ReleaseTopics.topic("echo/\(settings.clientID)")
    connection = try reaching { () throws(MQTTTransportError) in try BrokerConnection(settings) }
    connection.onStateChange { [weak self] state in self?.note(state) }
    try reaching { () throws(MQTTTransportError) in try connection.start() }
    let isOver = wait { $0.isConnected || $0.failure != nil }
    guard isOver, mutex.withLock({ shared.isConnected }) else {
      let reason = mutex.withLock { shared.failure?.message } ?? "\(settings.address) doesn't answer"
      connection.stop()
      throw ReleaseError(.broker, reason)
    }
    do throws(ReleaseError) { isEchoing = try subscribe([echoTopic], refusable: true) } catch {
      close()
      throw error
    }
  }

  /// Waits for what was sent, and says goodbye.
  public func close() {
    // Its handlers hold this object.
    for filter in mutex.withLock({ shared.answered.keys }) { connection.unsubscribe(from: filter) }
    connection.stop(draining: .seconds(5))
  }

  private func note(_ state: BrokerState) {
    let feed = mutex.withLock { () -> FleetFeed? in
      switch state {
      case .connected: shared.isConnected = true
      case .refused(_, let error, _), .disconnected(let error, _): shared.failure = error
      default: return nil
      }
      return shared.feed
    }
    changed.broadcast()
    feed?.wake()
  }

  private func wait(_ limit: Duration = patience, until isEnough: (Shared) -> Bool) -> Bool {
    let deadline = MonotonicClock.now().advanced(by: limit)
    mutex.lock()
    defer { mutex.unlock() }
    while !isEnough(shared) {
      guard changed.wait(with: mutex, until: deadline) else { return isEnough(shared) }
    }
    return true
  }

  private func checkConnected() throws(ReleaseError) {
    if let failure = mutex.withLock({ shared.failure }) { throw ended(failure) }
  }

  private func ended(_ failure: MQTTTransportError) -> ReleaseError {
    ReleaseError(.broker, "the connection to \(connection.address) ended (\(failure.message)); run it again: it goes on where it stopped")
  }

  /// - Returns: whether all were granted; false only where that may be.
  @discardableResult
  private func subscribe(
    _ filters: [String], quality: QualityOfService = .atLeastOnce, into feed: FleetFeed? = nil, refusable: Bool = false
  ) throws(ReleaseError) -> Bool {
    mutex.withLock { for filter in filters { shared.answered[filter] = nil } }
    for filter in filters {
      try reaching { () throws(MQTTTransportError) in
        try connection.subscribe(
          to: filter, quality: quality,
          completion: { [self] outcome in
            mutex.withLock { shared.answered[filter] = outcome }
            changed.broadcast()
          }, handler: { [self] in if let feed { feed.put($0.topic, $0.payload) } else { take($0) } })
      }
    }
    let isOver = wait { shared in shared.failure != nil || filters.allSatisfy { shared.answered[$0] != nil } }
    try checkConnected()
    guard isOver else { throw ReleaseError(.broker, "\(connection.address) doesn't answer the subscription to \(filters[0])") }
    for filter in filters {
      guard case .refused(let reason)? = mutex.withLock({ shared.answered[filter] }) else { continue }
      if refusable { return false }
      throw ReleaseError(.broker, "\(connection.address) refuses the subscription to \(filter) (\(reason)); let this user read it")
    }
    return true
  }

  private func take(_ message: IncomingMessage) {
    mutex.withLock {
      if message.topic == echoTopic {
        shared.echoes.insert(String(decoding: message.payload, as: UTF8.self))
      } else {
        shared.messages[message.topic, default: []].append(message.payload)
      }
    }
    changed.broadcast()
  }

  /// Waits until all that the broker had to send before now has come: it sends in order, and so a message of one's own comes after.
  ///
  /// - Parameter isReading: who only reads may be refused its own message; whoever publishes had better know at once.
  private func flush(onlyReading isReading: Bool = false) throws(ReleaseError) {
    if isEchoing {
      echoCount += 1
      let mark = "\(echoCount)"
      do throws(ReleaseError) { try publish([(echoTopic, Array(mark.utf8))], retained: false) } catch {
        guard isReading, forgetRefusal(of: echoTopic) else { throw error }
        isEchoing = false
      }
      if isEchoing, wait(quiet, until: { $0.echoes.contains(mark) || $0.failure != nil }) { return try checkConnected() }
    }
    // Such a broker is given the time that devices give it.
    _ = wait(quiet) { $0.failure != nil }
    try checkConnected()
  }

  /// - Returns: whether the broker refused a message to the topic, which no longer counts.
  private func forgetRefusal(of topic: String) -> Bool {
    mutex.withLock {
      guard shared.refusal?.topic == topic else { return false }
      shared.refusal = nil
      return true
    }
  }

  /// What the broker has retained under these topics.
  public func retained(_ topics: [String]) throws(ReleaseError) -> [String: [UInt8]] {
    var found: [String: [UInt8]] = [:]
    var rest = topics[...]
    while !rest.isEmpty {
      let window = Array(rest.prefix(Self.windowCount))
      rest = rest.dropFirst(Self.windowCount)
      try subscribe(window)
      try flush()
      for topic in window { connection.unsubscribe(from: topic) }
      mutex.withLock { for topic in window { found[topic] = shared.messages.removeValue(forKey: topic)?.last } }
    }
    return found
  }

  /// Topics under a filter that have something retained; a broker may leave some out where there are thousands.
  public func retainedTopics(_ filter: String) throws(ReleaseError) -> [String] {
    try subscribe([filter], quality: .atMostOnce)
    try flush()
    connection.unsubscribe(from: filter)
    return mutex.withLock {
      defer { shared.messages = shared.messages.filter { !$0.key.hasPrefix(filter.dropLast()) } }
      return shared.messages.filter { $0.key.hasPrefix(filter.dropLast()) && $0.value.last?.isEmpty == false }.map(\.key).sorted()
    }
  }

  /// Publishes, and returns once the broker has acknowledged each.
  ///
  /// - Parameter expiry: after this the broker no longer hands them to those who were away; nil: however long that was.
  public func publish(
    _ messages: [(topic: String, payload: [UInt8])], retained: Bool = true, expiry: Duration? = nil, each: () -> Void = {}
  ) throws(ReleaseError) {
    for (topic, payload) in messages {
      var isAccepted = false
      while !isAccepted {
        try checkConnected()
        do throws(MQTTTransportError) {
          mutex.withLock { shared.unfinished += 1 }
          try connection.publish(OutgoingMessage(topic: topic, payload: payload, isRetained: retained, expiry: expiry)) { [self] in finish(topic, $0) }
          isAccepted = true
        } catch {
          let waiting = mutex.withLock { () -> Int in
            shared.unfinished -= 1
            return shared.unfinished
          }
          if error.code == .notConnected { throw ended(error) }
          guard error.code == .windowFull else { throw ReleaseError(.broker, error.message) }
          guard wait(until: { $0.unfinished < waiting || $0.failure != nil }) else { throw silent(topic) }
        }
      }
      each()
    }
    guard wait(until: { $0.unfinished == 0 || $0.failure != nil }) else { throw silent(messages.last?.topic ?? "") }
    if let (topic, outcome) = mutex.withLock({ shared.refusal }), case .refused(let reason) = outcome {
      throw ReleaseError(.broker, "\(connection.address) refuses \(topic) (\(reason)); let this user write there")
    }
    try checkConnected()
  }

  private func silent(_ topic: String) -> ReleaseError {
    ReleaseError(.broker, "\(connection.address) doesn't acknowledge \(topic); run it again: it goes on where it stopped")
  }

  private func finish(_ topic: String, _ outcome: DeliveryOutcome) {
    mutex.withLock {
      shared.unfinished -= 1
      if outcome != .acknowledged, shared.refusal == nil { shared.refusal = (topic, outcome) }
    }
    changed.broadcast()
  }
}

extension BrokerSession {
  /// Begins to collect all that comes on topics, what is retained first.
  func follow(_ topics: String...) throws(ReleaseError) { try follow(topics) }

  func follow(_ topics: [String]) throws(ReleaseError) {
    for start in stride(from: 0, to: topics.count, by: Self.windowCount) { try subscribe(Array(topics[start...].prefix(Self.windowCount))) }
    try flush()
  }

  /// Gives what comes under these filters to a feed, what is retained first. At most once: where thousands of devices have told something, a
  /// broker would otherwise drop what exceeds its queue, and what is missed comes with the device's next word.
  func follow(_ filters: [String], into feed: FleetFeed) throws(ReleaseError) {
    mutex.withLock { shared.feed = feed }
    try subscribe(filters, quality: .atMostOnce, into: feed)
    try flush(onlyReading: true)
  }

  /// Whether the connection has held so far.
  var isUp: Bool { mutex.withLock { shared.failure == nil } }

  /// What has come on topics that are followed, in order, once that is more than `count` messages in all or a moment has passed.
  func arrived(on topics: [String], beyond count: Int) throws(ReleaseError) -> [String: [[UInt8]]] {
    let found = { (shared: Shared) in shared.messages.filter { topics.contains($0.key) } }
    _ = wait(.milliseconds(200)) { found($0).reduce(0) { $0 + $1.value.count } > count || $0.failure != nil }
    try checkConnected()
    return mutex.withLock { found(shared) }
  }

  /// What has come on a topic that is followed, in order.
  func collected(_ topic: String) throws(ReleaseError) -> [[UInt8]] {
    try flush()
    return mutex.withLock { shared.messages[topic] ?? [] }
  }
}

/// What the transport says, as an error of this module.
func reaching<Value>(_ body: () throws(MQTTTransportError) -> Value) throws(ReleaseError) -> Value {
  do throws(MQTTTransportError) { return try body() } catch { throw ReleaseError(.broker, error.message) }
}
