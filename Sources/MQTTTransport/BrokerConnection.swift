import Glibc
import Pipelines

/// A connection to an MQTT 5 broker that keeps itself up: one thread of its own connects, makes the subscriptions, sends,
/// receives, and after any failure tries again, waiting longer each time.
///
/// All methods may be called from any thread; handlers and completions run on the connection's own thread, never under a
/// lock, and must not wait: while one runs, nothing is sent or received.
///
/// Facts of libmosquitto 2.0.11 that shape the contract:
/// - It acknowledges an incoming message before its handler has run, and has no way to acknowledge by hand: what must survive
///   a crash is to be made safe by asking again, not by redelivery.
/// - It ignores `SIGPIPE` for the whole process.
/// - It resolves names in the calling thread and tries the first address that the network doesn't refuse at once, so `stop`
///   can wait for a resolver's time limit.
/// - Built with assertions, as Debian's is, it ends the process when a broker sends a property that MQTT 5 doesn't know. No
///   broker does so by accident; where the network isn't trusted, only TLS keeps others from posing as the broker.
///
/// The thread holds the connection until `stop()`.
public final class BrokerConnection: @unchecked Sendable {
  public typealias StateHandler = @Sendable (BrokerState) -> Void
  /// Gives the last will of one attempt to connect.
  public typealias AttemptHandler = @Sendable () -> BrokerSettings.LastWill
  public typealias MessageHandler = @Sendable (IncomingMessage) -> Void
  public typealias SubscriptionCompletion = @Sendable (SubscriptionOutcome) -> Void
  public typealias DeliveryCompletion = @Sendable (DeliveryOutcome) -> Void

  struct Subscription {
    let filter: String
    let quality: QualityOfService
    let keepsRetainFlag: Bool
    let completion: SubscriptionCompletion?
    let handler: MessageHandler
    /// Asked for on the present connection.
    var isRequested = false
  }

  struct Publication {
    let message: OutgoingMessage
    let completion: DeliveryCompletion?
    var size: Int { message.payload.count + message.topic.utf8.count }
  }

  /// What other threads read and write; under `mutex`.
  struct Shared {
    var state = BrokerState.idle
    /// The one that is tried, or connected to.
    var address: BrokerAddress?
    var stateHandlers: [StateHandler] = []
    var subscriptions: [Subscription] = []
    var abandonedFilters: [String] = []
    var queue: [Publication] = []
    /// Messages and bytes accepted and not finished: queued or in flight.
    var pending = (messages: 0, bytes: 0)
    var stop: EndRequest?
    /// End this connection, in which case with the last will, and begin another.
    var restart: EndRequest?
    var attemptHandler: AttemptHandler?
    var counters = Counters()
    var owner: pthread_t?
    var thread: DataPlaneThread?
  }

  struct EndRequest {
    var drainUntil: MonotonicInstant
    var sendsWill: Bool
  }

  /// Counted since the connection was made.
  public struct Counters: Sendable, Equatable {
    public var connections: UInt64 = 0
    public var published: UInt64 = 0
    public var acknowledged: UInt64 = 0
    public var refused: UInt64 = 0
    public var lost: UInt64 = 0
    public var received: UInt64 = 0
    /// Incoming messages dropped for their size.
    public var dropped: UInt64 = 0
  }

  public let settings: BrokerSettings
  let mutex = PthreadMutex()
  let wakeUp: WakeUp
  var shared = Shared()
  // The owner thread's own.
  var inFlight: [Int32: Publication] = [:]
  var subscriptionPackets: [Int32: SubscriptionCompletion] = [:]
  var backOff: BackOff

  /// - Throws: `.invalidSettings` or `.tls`, for what `settings.validate()` finds.
  public init(_ settings: BrokerSettings) throws(MQTTTransportError) {
    try settings.validate()
    self.settings = settings
    wakeUp = try WakeUp()
    backOff = BackOff(
      initial: settings.backOff.initial, limit: settings.backOff.limit, seed: settings.jitterSeed ?? UInt64.random(in: .min ... .max))
  }

  public var state: BrokerState {
    mutex.withLock { shared.state }
  }

  /// Of the settings' addresses the one that is tried at the moment, or connected to.
  public var address: BrokerAddress {
    mutex.withLock { shared.address } ?? settings.address
  }

  /// Counts the connections that the broker has accepted; the present one's, or the last one's.
  public var session: UInt64 { counters.connections }

  public var counters: Counters {
    mutex.withLock { shared.counters }
  }

  /// Adds an observer of every change of state; those before the call it doesn't hear of.
  public func onStateChange(_ handler: @escaping StateHandler) {
    mutex.withLock { shared.stateHandlers.append(handler) }
  }

  /// Asks `handler` before every attempt to connect for its last will, which takes the place of the settings'. Before `start` only.
  public func onAttempt(_ handler: @escaping AttemptHandler) {
    mutex.withLock { shared.attemptHandler = handler }
  }

  /// Starts the thread. Once only.
  ///
  /// - Throws: `.noResources` when the system gives no thread.
  public func start() throws(MQTTTransportError) {
    let thread: DataPlaneThread
    do {
      thread = try DataPlaneThread(name: "mqtt") { self.run() }
    } catch {
      throw MQTTTransportError(.noResources, error.message)
    }
    mutex.withLock { shared.thread = thread }
  }

  /// Ends the connection and its thread: what is accepted may still finish within `drain`, the rest is reported lost, then
  /// the broker is told, so that it doesn't publish the last will, unless `sendingWill`. Returns when all is done; from a
  /// handler, at once.
  public func stop(draining drain: Duration = .zero, sendingWill: Bool = false) {
    let (thread, isOwner) = mutex.withLock { () -> (DataPlaneThread?, Bool) in
      if shared.stop == nil {
        shared.stop = EndRequest(drainUntil: MonotonicClock.now().advanced(by: drain), sendsWill: sendingWill)
      }
      let isOwner = shared.owner.map { pthread_equal($0, pthread_self()) != 0 } ?? false
      return (shared.thread, isOwner)
    }
    wakeUp.signal()
    if !isOwner { thread?.join() }
  }

  /// Ends the present connection, once what was accepted before is sent, and connects anew at once. Without a connection, does nothing.
  ///
  /// - Parameters:
  ///   - drain: how long what is accepted may take to finish. A broker that gets the new connection before it has read all of the former,
  ///     drops the rest: only what it has acknowledged (at least once), and what was sent before that, is safe from it.
  ///   - sendingWill: the broker then publishes the last will (MQTT 5's reason 0x04).
  public func restart(draining drain: Duration = .zero, sendingWill: Bool) {
    mutex.withLock {
      if shared.state.isConnected { shared.restart = EndRequest(drainUntil: MonotonicClock.now().advanced(by: drain), sendsWill: sendingWill) }
    }
    wakeUp.signal()
  }

  /// Tries to connect now instead of when the back-off ends.
  public func reconnectNow() {
    wakeUp.signal()
  }
}

// MARK: - Subscribing and publishing

extension BrokerConnection {
  /// Subscribes now and again after every reconnection.
  ///
  /// - Parameters:
  ///   - keepsRetainFlag: whether a message that is published to be retained while this is subscribed is marked as retained, too, rather
  ///     than only one that waited at the broker.
  ///   - completion: called each time the broker has answered.
  ///   - handler: called for each message that the filter matches.
  /// - Throws: `.invalidSettings` for a malformed filter or one that is subscribed to already.
  public func subscribe(
    to filter: String, quality: QualityOfService = .atLeastOnce, keepingRetainFlag keepsRetainFlag: Bool = false, completion: SubscriptionCompletion? = nil,
    handler: @escaping MessageHandler
  ) throws(MQTTTransportError) {
    try Topic.checkFilter(filter)
    let isNew = mutex.withLock {
      guard !shared.subscriptions.contains(where: { $0.filter == filter }) else { return false }
      shared.subscriptions.append(Subscription(filter: filter, quality: quality, keepsRetainFlag: keepsRetainFlag, completion: completion, handler: handler))
      shared.abandonedFilters.removeAll { $0 == filter }
      return true
    }
    guard isNew else { throw MQTTTransportError(.invalidSettings, "‘\(filter)’ is subscribed to already") }
    wakeUp.signal()
  }

  /// Ends a subscription; messages under way may still come.
  public func unsubscribe(from filter: String) {
    mutex.withLock {
      shared.subscriptions.removeAll { $0.filter == filter }
      shared.abandonedFilters.append(filter)
    }
    wakeUp.signal()
  }

  /// Accepts a message for sending, in order, if there is a connection and room in the window; never waits.
  ///
  /// - Parameters:
  ///   - session: the one of `session` for which it is meant: on another it is refused as if there were none.
  ///   - completion: called exactly once if this didn't throw.
  /// - Throws: `.notConnected`, `.windowFull`, `.messageTooLarge`, `.invalidSettings` (the topic or a property); the message
  ///   is then not kept anywhere.
  public func publish(_ message: OutgoingMessage, in session: UInt64? = nil, completion: DeliveryCompletion? = nil) throws(MQTTTransportError) {
    try Topic.checkName(message.topic)
    try Properties.check(message)
    let publication = Publication(message: message, completion: completion)
    guard publication.size <= settings.window.bytes else {
      throw MQTTTransportError(.messageTooLarge, "a message of \(publication.size) bytes for ‘\(message.topic)’ exceeds the window of \(settings.window.bytes)")
    }
    var isFirst = false
    let refusal = mutex.withLock { () -> MQTTTransportError? in
      guard shared.state.isConnected, shared.stop == nil, session ?? shared.counters.connections == shared.counters.connections else {
        return MQTTTransportError(.notConnected, "not connected to \(shared.address ?? settings.address)")
      }
      guard shared.pending.messages < settings.window.messages, shared.pending.bytes + publication.size <= settings.window.bytes else {
        return MQTTTransportError(.windowFull, "\(shared.pending.messages) messages wait for \(shared.address ?? settings.address) to acknowledge them")
      }
      shared.pending.messages += 1
      shared.pending.bytes += publication.size
      isFirst = shared.queue.isEmpty
      shared.queue.append(publication)
      return nil
    }
    if let refusal { throw refusal }
    // The thread takes all that is queued when it is woken.
    if isFirst { wakeUp.signal() }
  }
}
