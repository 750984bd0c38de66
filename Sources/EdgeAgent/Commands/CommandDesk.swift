import MQTTTransport
import Pipelines
import Updates

/// Carries out what commands ask for. Called on the desk's own thread, and may wait.
protocol CommandObeying: AnyObject, Sendable {
  var status: AgentStatus? { get }

  /// Reads the configuration anew and returns once it runs, or the old one goes on.
  ///
  /// - Parameter willApply: called with a configuration that is valid, before the running one ends.
  func reload(willApply: (AgentConfiguration) -> Void) -> ReloadOutcome

  /// Reads a signed command, if it is the fleet's; it is then never taken again.
  ///
  /// - Returns: nil where nothing runs that could, as one configuration follows another.
  func admit(_ envelope: [UInt8]) -> Result<SignedCommand, OrderRefusal>?

  /// - Returns: nil where what runs ended meanwhile, and hasn't done it.
  func carryOut(_ command: SignedCommand) -> OrderOutcome?
}

/// What comes on `command`: worked on one at a time, on a thread of its own, and answered on `command/reply` and nowhere else. Lives as long
/// as the agent: a reload ends the connection by which it was asked for, and is answered by the next one.
final class CommandDesk: @unchecked Sendable {
  /// Commands that wait for the one before; more are dropped.
  static let capacity = 8
  /// Two reloads that were carried out lie at least so far apart: each interrupts the pipelines for some seconds. While more are asked for, ever
  /// further.
  static let reloadSpacing = Duration.seconds(10)
  static let longestSpacing = Duration.seconds(600)
  /// How long a signed command waits for a configuration that is only starting.
  private static let startLimit = Duration.seconds(20)
  /// A reload that changed nothing has loaded models all the same, beside the inspection: the next one is looked at after so many times as
  /// long as that took.
  private static let costFactor = 10.0

  /// Where commands come from and replies go: one broker and one device's topics.
  struct Place: Equatable, Sendable {
    let broker: BrokerAddress
    let topicRoot: String

    /// nil where a configuration has no such topics.
    init?(_ configuration: AgentConfiguration) {
      guard let mqtt = configuration.mqtt, mqtt.encoding == .swiftlet else { return nil }
      (broker, topicRoot) = (mqtt.broker, configuration.topicRoot)
    }
  }

  /// What came, not yet read.
  struct Waiting: Sendable {
    let payload: [UInt8]
    /// The payload's, also where it was too large to keep.
    let byteCount: Int
    let correlationData: [UInt8]?
    let place: Place
    let receivedAt = MonotonicClock.now()
  }

  /// Where commands come from at present, and which of them are obeyed.
  struct Attachment {
    let connection: BrokerConnection
    let place: Place
    let obeyed: [RemoteCommand]
  }

  let log: AgentLog
  private let patience: Duration
  /// Set once, before anything is attached.
  weak var agent: (any CommandObeying)?
  private let waiting = BoundedQueue<Waiting>(capacity: CommandDesk.capacity, policy: .rejectNewest)
  /// Guards what follows.
  let mutex = PthreadMutex()
  let changed = PthreadCondition()
  var attached: Attachment?
  var isClosed = false
  private var counted = CommandCounters()
  private var thread: DataPlaneThread?
  // The thread's own.
  private var lastReload: MonotonicInstant?
  private var spacing = CommandDesk.reloadSpacing
  private var mayReload: MonotonicInstant?

  /// - Parameter patience: whoever has waited so long for an answer has given up.
  init(log: AgentLog, patience: Duration = .seconds(60)) { (self.log, self.patience) = (log, patience) }

  var counters: CommandCounters {
    mutex.withLock {
      var copy = counted
      copy.dropped = waiting.dropCount
      return copy
    }
  }

  /// Commands may come by this connection from now on, if the configuration lists any, and replies go out by it. Before its start.
  func attach(_ connection: BrokerConnection, _ configuration: AgentConfiguration) throws(EdgeAgentError) {
    guard let mqtt = configuration.mqtt, let place = Place(configuration) else { return }
    let topic = "\(place.topicRoot)/command"
    let mayHoldSubscription = mqtt.commands.isEmpty && mqtt.sessionExpiry > .zero
    connection.onStateChange { [weak self, weak connection] state in
      // A session that lasts may be one from when there were commands.
      if mayHoldSubscription, state.isConnected { connection?.unsubscribe(from: topic) }
      self?.note {}
    }
    if !mqtt.commands.isEmpty {
      try startThread()
      do throws(MQTTTransportError) {
        try connection.subscribe(
          to: topic, keepingRetainFlag: true, completion: { [log] in Self.report($0, mqtt.commands, topic, log) },
          handler: { [weak self] in self?.receive($0, at: place) })
      } catch { throw EdgeAgentError(.broker, "mqtt: \(error.message)") }
    }
    note { attached = Attachment(connection: connection, place: place, obeyed: mqtt.commands) }
  }

  /// A connection ends; if it was the last one attached, replies wait for the next.
  func detach(_ connection: BrokerConnection) {
    note { if attached?.connection === connection { attached = nil } }
  }

  /// Nothing is worked on any more. Returns at once.
  func close() {
    waiting.close()
    note { isClosed = true }
  }

  /// On the connection's thread.
  func receive(_ message: IncomingMessage, at place: Place) {
    guard !message.isRetained else {
      // An empty one takes a retained message away.
      guard !message.payload.isEmpty else { return }
      mutex.withLock { counted.retained += 1 }
      let advice = "it would come again with each connection; publish commands without the retain flag, and an empty retained message to clear this one"
      return log.log(.warning, "a retained command on \(message.topic) is passed over, as \(advice)", subject: "retained command")
    }
    let isTooLarge = message.payload.count > CommandRequest.largestByteCount
    let item = Waiting(
      payload: isTooLarge ? [] : message.payload, byteCount: message.payload.count, correlationData: message.correlationData, place: place)
    guard waiting.push(item) else {
      return log.log(
        .warning, "a command on \(message.topic) is dropped, as \(Self.capacity) wait already; send the next one after the reply", subject: "dropped command")
    }
  }

  private static func report(_ outcome: SubscriptionOutcome, _ commands: [RemoteCommand], _ topic: String, _ log: AgentLog) {
    switch outcome {
    case .granted: log.change(.notice, of: "commands", to: "obeys \(commands.map(\.rawValue).joined(separator: ", ")) on \(topic)")
    case .refused(let reason):
      let text = "the broker doesn't let this device subscribe to \(topic), \(reason); no command reaches it until its access list does"
      log.change(.warning, of: "commands", to: text)
    }
  }

  /// Changes what the thread may wait for.
  func note(_ change: () -> Void) {
    mutex.withLock(change)
    changed.broadcast()
  }

  private func startThread() throws(EdgeAgentError) {
    guard thread == nil else { return }
    do { thread = try DataPlaneThread(name: "commands") { self.work() } } catch { throw EdgeAgentError(.resources, error.message) }
  }
}

// On the desk's own thread.
extension CommandDesk {
  private func work() {
    while let item = waiting.pop() {
      mutex.withLock { counted.received += 1 }
      guard let reply = answer(item) else { continue }
      if reply.outcome == .refused { mutex.withLock { counted.refused += 1 } }
      let name = reply.command.map { " \($0)" } ?? ""
      // Whoever gives commands chooses the words of a refusal: without a subject each would be a line of its own.
      log.log(
        reply.outcome == .done ? .notice : .warning, "command\(name): \(reply.outcome.rawValue)\(reply.reason.map { ": \($0)" } ?? "")",
        subject: reply.outcome == .refused ? "refused command" : nil)
      deliver(reply, to: item)
    }
  }

  /// - Returns: nil where it is answered already, or nobody is there to be answered.
  private func answer(_ item: Waiting) -> CommandReply? {
    // A reload in between may have changed what is obeyed, and where.
    guard let attachment = attachment(to: item.place) else { return nil }
    guard item.byteCount == item.payload.count else { return .refused(CommandRequest.tooLarge(item.byteCount)) }
    let request: CommandRequest
    do throws(CommandRequest.Refusal) { request = try CommandRequest(item.payload, obeying: attachment.obeyed) } catch { return .refused(error) }
    let name = request.command.rawValue
    let age = item.receivedAt.duration(to: MonotonicClock.now())
    // A signed one has an expiry of its own.
    guard age <= patience || request.envelope != nil else {
      let reason = "it has waited \(age.components.seconds) s for what came before it; ask again"
      return CommandReply(command: name, outcome: .refused, reason: reason)
    }
    guard let agent else { return CommandReply(command: name, outcome: .failed, reason: "the agent is ending") }
    switch request.command {
    case .reload: return reload(agent, item, name)
    case .status:
      guard let status = agent.status else { return CommandReply(command: name, outcome: .failed, reason: "the agent is only starting; ask again") }
      return CommandReply(command: name, outcome: .done, status: .init(agent: status, commands: counters))
    case .pause, .resume, .rollBack: return obey(request, agent)
    }
  }

  private func obey(_ request: CommandRequest, _ agent: any CommandObeying) -> CommandReply {
    let (name, counter) = (request.command.rawValue, request.counter)
    let late = CommandReply(command: name, outcome: .failed, reason: "the agent is only starting, or ending; give a new order", counter: counter)
    guard let admission = whenRunning({ agent.admit(request.envelope ?? []) }) else { return late }
    let command: SignedCommand
    switch admission {
    case .success(let admitted): command = admitted
    case .failure(let refusal): return CommandReply(command: name, outcome: .refused, reason: refusal.reason, counter: counter)
    }
    guard let result = whenRunning({ agent.carryOut(command) }) else { return late }
    return CommandReply(command: name, outcome: result.outcome, reason: result.reason, counter: counter)
  }

  /// Asks until there is an answer, for as long as a configuration may take to start.
  private func whenRunning<Answer>(_ ask: () -> Answer?) -> Answer? {
    let limit = MonotonicClock.now().advanced(by: Self.startLimit)
    while true {
      if let answer = ask() { return answer }
      guard MonotonicClock.now() < limit, !mutex.withLock({ isClosed }) else { return nil }
      pause(.milliseconds(100))
    }
  }

  private func reload(_ agent: any CommandObeying, _ item: Waiting, _ name: String) -> CommandReply? {
    let begin = MonotonicClock.now()
    if let mayReload, begin < mayReload {
      let left = begin.duration(to: mayReload).components.seconds + 1
      return CommandReply(command: name, outcome: .refused, reason: "the last reload was a moment ago; ask again in \(left) s")
    }
    let age = lastReload?.duration(to: begin)
    var isAnswered = false
    let outcome = agent.reload { configuration in
      guard Place(configuration) != item.place else { return }
      // Afterwards there is no way to whoever asked.
      isAnswered = true
      let reason = "the configuration is valid and takes effect now; it names another broker or device, so no further word comes here"
      deliverOnce(CommandReply(command: name, outcome: .done, reason: reason), to: item)
    }
    let end = MonotonicClock.now()
    switch outcome {
    case .refused, .unchanged:
      mayReload = end.advanced(by: begin.duration(to: end) * Self.costFactor)
      guard case .refused(let reason) = outcome else {
        return CommandReply(command: name, outcome: .done, reason: "nothing has changed; what runs goes on untouched")
      }
      return CommandReply(command: name, outcome: .refused, reason: reason)
    case .applied, .failed:
      // Whoever asks again and again shall not keep the line from its work.
      spacing = age.map { $0 < spacing * 4 } ?? false ? min(spacing * 2, Self.longestSpacing) : Self.reloadSpacing
      lastReload = end
      mayReload = end.advanced(by: spacing)
    }
    // The place before is back then, whatever was said.
    if case .failed(let reason) = outcome { return CommandReply(command: name, outcome: .failed, reason: reason) }
    return isAnswered ? nil : CommandReply(command: name, outcome: .done)
  }
}
