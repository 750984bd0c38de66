import MQTTTransport
import Outbox
import Pipelines
import Sparkplug

/// Results as a Sparkplug B edge node tells them: live ones at once and at most once. What can't go out now waits in the outbox, and is told
/// afterwards, marked as historical, before anything live. docs/sparkplug.md says what is promised.
final class SparkplugRoute: @unchecked Sendable {
  let outbox: Outbox
  let connection: BrokerConnection
  let log: AgentLog
  private let thinning: OfflineThinning
  private let storage: StorageSettings
  /// Guards what follows, and the order of publications: a sequence is given out and published under it.
  let mutex = PthreadMutex()
  let woken = PthreadCondition()
  var node: SparkplugEdgeNode
  /// Samples that were given to the outbox and aren't on its disk yet.
  var unwritten = 0
  /// Live samples that wait, in memory, for the last of the backlog to be told, or for the births that mend the sequence; nil while there is
  /// no such end in sight.
  var held: [SparkplugSample]?
  /// Something that had a number of the sequence couldn't be published.
  var needsRebirth = false
  /// When the subscriptions are to be asked for anew, as the broker refused one.
  var resubscribeAt: MonotonicInstant?
  /// What each pipeline's birth tells before its first frame.
  let definitions: [String: [SparkplugMetric]]
  /// Pipelines without a camera that live on until what is stored is told: there is a backlog, or the sequence to mend, while there are any.
  var lingering: Set<String> = []
  var isWoken = true
  var isStopping = false
  private var granted = 0
  private var numberings: [String: CurrentFactNumbering] = [:]
  private var thread: DataPlaneThread?
  // The thread's own: how many stored samples are told at once, fewer where the broker takes no larger message.
  var batchCount = SparkplugRoute.largestBatch

  static let largestBatch = 64
  /// Live samples that are held in memory.
  static let mostHeld = 256
  private static let resubscriptionDelay = Duration.seconds(30)
  /// How long the broker has to acknowledge a death before the connection ends.
  private static let deathTime = Duration.seconds(5)

  /// - Parameter pipelines: each is a device of the edge node, born when its camera is there (`note`).
  init(
    _ configuration: AgentConfiguration, pipelines: [PipelineDescription], outbox: Outbox, connection: BrokerConnection, thinning: OfflineThinning,
    log: AgentLog
  ) throws(EdgeAgentError) {
    (self.outbox, self.connection, self.thinning, self.log, storage) = (outbox, connection, thinning, log, configuration.storage)
    let now = MonotonicClock.wallTime()
    definitions = Dictionary(
      pipelines.map { ($0.name, SparkplugMetrics.device(model: $0.modelName, version: $0.modelVersion)) }, uniquingKeysWith: { first, _ in first })
    do throws(SparkplugError) {
      let identity = try SparkplugIdentity(group: configuration.device.site, edgeNode: configuration.device.identifier)
      let metrics = SparkplugMetrics.node(agentVersion: agentVersion, bootID: bootIdentifier())
      node = try SparkplugEdgeNode(
        identity, primaryHost: configuration.mqtt?.primaryHost, metrics: metrics, backlogged: outbox.status.waiting > 0, at: now)
      for pipeline in pipelines {
        // Known from now on, so that ids that can't be born are refused at the start.
        _ = try node.deviceBorn(pipeline.name, metrics: definitions[pipeline.name] ?? [], at: now)
        _ = node.deviceDied(pipeline.name, at: now)
      }
    } catch {
      throw EdgeAgentError(.broker, "mqtt: \(error.message)")
    }
  }

  /// Before the connection's own start.
  func start() throws(EdgeAgentError) {
    connection.onAttempt { [self] in
      let will = mutex.withLock { node.beginConnection(at: MonotonicClock.wallTime()) }.lastWill
      return BrokerSettings.LastWill(topic: will.topic, payload: will.payload, isRetained: false)
    }
    connection.onStateChange { [weak self] state in self?.connectionChanged(to: state) }
    // The filters are the same for each connection.
    var trial = node
    let filters = trial.beginConnection(at: MonotonicClock.wallTime()).subscriptions
    do throws(MQTTTransportError) {
      for filter in filters {
        try connection.subscribe(
          to: filter, completion: { [weak self] outcome in self?.subscribed(filter, outcome, of: filters.count) },
          handler: { [weak self] message in self?.receive(message) })
      }
    } catch { throw EdgeAgentError(.broker, "mqtt: \(error.message)") }
    outbox.onCommit { [weak self] in self?.wake() }
    do { thread = try DataPlaneThread(name: "sparkplug") { self.run() } } catch { throw EdgeAgentError(.resources, error.message) }
  }

  /// Publishes a result, or stores it. Doesn't wait for the disk or the network.
  func record(_ result: FrameResult) {
    mutex.withLock {
      let sample = sample(of: result)
      let isOnline = node.mayPublishData
      guard !tell(sample), thinning.keeps(result.pipeline.name, isOnline: isOnline) else { return }
      guard let count = held?.count else { return store(sample) }
      held?.append(sample)
      if count + 1 == Self.mostHeld { storeHeld() }
    }
  }

  /// Tells the hosts that this edge node ends; afterwards the connection is to be stopped with its last will.
  func finish() {
    mutex.withLock {
      isStopping = true
      storeHeld()
      _ = send(node.finish(at: MonotonicClock.wallTime()))
    }
    woken.broadcast()
    thread?.join()
  }

  func wake() {
    mutex.withLock { isWoken = true }
    woken.signal()
  }

  // Everything below under the mutex.

  /// - Returns: false where it must wait.
  func tell(_ sample: SparkplugSample) -> Bool {
    // A frame that came out of the model after its camera was given up.
    if let device = sample.device, !node.isAlive(device) {
      node.backlogBegan()
      return false
    }
    // No data follows the hole in the sequence.
    guard !needsRebirth else {
      if !node.hasBacklog, held == nil { held = [] }
      return false
    }
    do throws(SparkplugError) {
      guard case .publish(let messages) = try node.publish(live: sample, at: MonotonicClock.wallTime()) else { return false }
      if send(messages, completion: { [weak self] in self?.noteLive($0) }) { return true }
      node.backlogBegan()
      return false
    } catch {
      let name = sample.device ?? ""
      log.log(.error, "pipeline \(name): a result could not be told: \(error.message)", subject: "sparkplug \(name)", about: [.pipeline(name)])
      return true
    }
  }

  /// The end of the wait isn't reached after all: what was held joins the backlog.
  func storeHeld() {
    let samples = held ?? []
    held = nil
    if !samples.isEmpty { node.backlogBegan() }
    for sample in samples { store(sample) }
  }

  /// The wait is over: what was held goes out, or into the outbox from the first on that finds no room.
  func tellHeld() {
    let samples = held ?? []
    held = nil
    for (index, sample) in samples.enumerated() where !tell(sample) {
      for later in samples[index...] { store(later) }
      return
    }
  }

  /// - Returns: false when one could not be published; hosts then need the births anew.
  func send(_ messages: [SparkplugMessage], completion: (@Sendable (DeliveryOutcome) -> Void)? = nil) -> Bool {
    for message in messages {
      let quality: QualityOfService = message.isAtLeastOnce ? .atLeastOnce : .atMostOnce
      do throws(MQTTTransportError) {
        try connection.publish(OutgoingMessage(topic: message.topic, payload: message.payload, quality: quality), completion: completion)
      } catch {
        needsRebirth = true
        woken.signal()
        return false
      }
    }
    return true
  }

  private func sample(of result: FrameResult) -> SparkplugSample {
    let message = DetectionMessage(result)
    let name = result.pipeline.name
    let number = numberings[name, default: CurrentFactNumbering()].next()
    let best = message.detections.first.map { ($0.label, $0.score) }
    let frame = SparkplugMetrics.Frame(
      number: message.frame, count: message.detections.count, best: best, message: String(decoding: message.encoded(as: number), as: UTF8.self),
      model: message.model, modelVersion: message.modelVersion, clockIsSynchronised: message.clock == .synchronised)
    return SparkplugSample(device: name, capturedAt: message.capturedAt, metrics: frame.device)
  }

  func store(_ sample: SparkplugSample) {
    let (form, name) = (sample.storedForm, sample.device ?? "")
    unwritten += 1
    let isQueued = outbox.append(to: "sparkplug/\(name)/detections", encoding: { _ in form }) { [weak self] _ in
      guard let self else { return }
      mutex.withLock { unwritten -= 1 }
      wake()
    }
    guard !isQueued else { return }
    unwritten -= 1
    log.unkept(name, storage)
  }

  private func perform(_ actions: [SparkplugAction]) {
    for action in actions {
      switch action {
      case .publish(let message): _ = send([message])
      case .reconnect: connection.restart(draining: Self.deathTime, sendingWill: true)
      case .ignored(let error): log.log(.warning, "Sparkplug: \(error.message)", subject: "sparkplug \(error.code)")
      }
    }
    isWoken = true
    woken.signal()
  }
}

// On the connection's thread.
extension SparkplugRoute {
  private func connectionChanged(to state: BrokerState) {
    mutex.withLock {
      granted = 0
      resubscribeAt = nil
      guard !state.isConnected else { return }
      node.connectionLost()
      needsRebirth = false
      storeHeld()
      // The edge node's death was theirs.
      buryLingering()
    }
  }

  /// A message that the broker doesn't take leaves a hole in the sequence, at which hosts ask for births.
  private func noteLive(_ outcome: DeliveryOutcome) {
    guard case .refused(let reason) = outcome else { return }
    log.log(.error, "Sparkplug: the broker refused a result \(reason); it is lost", subject: "sparkplug refused")
    mutex.withLock {
      needsRebirth = true
      isWoken = true
    }
    woken.signal()
  }

  private func subscribed(_ filter: String, _ outcome: SubscriptionOutcome, of count: Int) {
    guard outcome == .granted else {
      log.warning("Sparkplug: the broker doesn't let this device subscribe to \(filter); results wait in the outbox until its access list does")
      mutex.withLock {
        resubscribeAt = MonotonicClock.now().advanced(by: Self.resubscriptionDelay)
        isWoken = true
      }
      return woken.signal()
    }
    mutex.withLock {
      granted += 1
      guard granted == count else { return }
      perform(node.connectionEstablished(at: MonotonicClock.wallTime()))
      sayHost()
    }
  }

  private func receive(_ message: IncomingMessage) {
    mutex.withLock {
      perform(node.receive(topic: message.topic, payload: message.payload, at: MonotonicClock.wallTime()))
      sayHost()
    }
  }

  /// A host that never speaks, as where its name is mistyped, would look like health.
  private func sayHost() {
    guard let host = node.primaryHost else { return }
    if node.mayPublishData {
      log.change(.notice, of: "primary host", to: "Sparkplug: the primary host \(host) is online")
    } else {
      log.change(
        .warning, of: "primary host",
        to: "Sparkplug: waiting for the primary host \(host) (mqtt.primary_host) to say that it is online; results wait in the outbox")
    }
  }
}
