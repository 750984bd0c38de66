import MQTTTransport
import Outbox
import Pipelines

/// Where results go: each into the outbox on disk, from there to the broker, where there is one; beside them the current facts
/// `state` and `health`, which bypass the outbox.
final class ResultPublisher: @unchecked Sendable {
  /// How long an orderly end waits for the broker to acknowledge what it was given.
  static let drainTime = Duration.seconds(5)

  /// Current facts that may be under way beside results.
  private static let factCount = 16

  /// Messages that the network hasn't taken yet; none of them is acknowledged.
  private static let sparkplugCount = 1024

  private let configuration: AgentConfiguration
  private let desk: CommandDesk
  private let log: AgentLog
  private let outbox: Outbox
  private let connection: BrokerConnection?
  private let facts: CurrentFacts
  private let thinning: OfflineThinning
  private var carrier: OutboxPublisher?
  private var sparkplug: SparkplugRoute?
  /// Of each pipeline's partial texts; the speech recorder's own.
  private var partialNumberings: [String: CurrentFactNumbering] = [:]

  /// Opens the outbox, making its folder where needed, and checks the broker's settings; nothing is sent yet.
  init(_ configuration: AgentConfiguration, desk: CommandDesk, log: AgentLog) throws(EdgeAgentError) {
    self.configuration = configuration
    self.desk = desk
    self.log = log
    try makeFolders(configuration.storage.path)
    do {
      outbox = try Outbox(configuration.storage.outbox(configuration.mqtt?.encoding ?? .swiftlet)) { event in Self.report(event, log) }
    } catch { throw EdgeAgentError(.storage, error.message) }
    thinning = OfflineThinning(interval: configuration.mqtt == nil ? 1 : configuration.storage.offlineDetections)
    let facts = CurrentFacts(topicRoot: configuration.topicRoot)
    self.facts = facts
    guard let mqtt = configuration.mqtt else {
      connection = nil
      return
    }
    do throws(MQTTTransportError) {
      connection = try BrokerConnection(Self.settings(mqtt, configuration, facts))
    } catch {
      outbox.close()
      throw EdgeAgentError(.broker, "mqtt: \(error.message)")
    }
  }

  /// - Parameter pipelines: whose results will be recorded.
  func start(_ pipelines: [PipelineDescription]) throws(EdgeAgentError) {
    guard let connection else { return }
    let (facts, log) = (facts, log)
    let discovery = configuration.mqtt?.announcesToHomeAssistant == true ? HomeAssistantDiscovery(configuration) : nil
    let hasFacts = configuration.mqtt?.encoding != .sparkplug
    connection.onStateChange { [weak connection] state in
      Self.report(state, connection?.address, log)
      // On the connection's own thread: the state is there before anything that follows it.
      guard state.isConnected, let connection else { return }
      defer { facts.publishModelsAgain(to: connection) }
      guard hasFacts else { return }
      facts.publishState(.online, to: connection)
      discovery?.publish(pipelines, to: connection)
    }
    if hasFacts {
      try startCarrier(connection)
      try desk.attach(connection, configuration)
    } else {
      let route = try SparkplugRoute(configuration, pipelines: pipelines, outbox: outbox, connection: connection, thinning: thinning, log: log)
      try route.start()
      sparkplug = route
    }
    do throws(MQTTTransportError) { try connection.start() } catch { throw EdgeAgentError(.resources, error.message) }
  }

  private func startCarrier(_ connection: BrokerConnection) throws(EdgeAgentError) {
    let log = log
    do throws(OutboxError) {
      carrier = try OutboxPublisher(
        from: outbox, to: connection, inFlightLimit: configuration.mqtt?.inFlight ?? 1, expiry: configuration.mqtt?.messageExpiry
      ) { topic, reason in
        let text = "the broker refuses results for \(topic) \(reason); they wait in the outbox: check its access list and this device's user name"
        log.log(.warning, text, subject: "refused \(topic)")
      }
    } catch { throw EdgeAgentError(.resources, error.message) }
  }

  /// Queues a result's message; it is committed to disk before it is published. Doesn't wait for the disk.
  func record(_ result: FrameResult) {
    if let sparkplug { return sparkplug.record(result) }
    let name = result.pipeline.name
    guard thinning.keeps(name, isOnline: isConnected) else { return }
    guard !outbox.append(DetectionMessage(result), to: "\(configuration.topicRoot)/\(name)/detections") else { return }
    log.unkept(name, configuration.storage)
  }

  /// Queues what was said, and that it was a command where that is to be told, as `record` queues a frame's result, and urgently: people wait for it.
  /// Partial texts are current facts: they go to the broker at once and at most once, or, while it is away, nowhere. For the thread that records speech.
  func record(_ result: SpokenResult) {
    // Sparkplug has no metrics for it; the configuration doesn't let it come to that.
    guard sparkplug == nil else { return }
    let (name, root) = (result.pipeline.name, "\(configuration.topicRoot)/\(result.pipeline.name)")
    guard result.transcript.isFinal else {
      return publishPartial(result.transcript, of: name, to: "\(root)/transcript")
    }
    var isKept = outbox.append(result.transcript, to: "\(root)/transcript", isUrgent: true)
    if let command = result.command, result.actions.contains(.event) { isKept = outbox.append(command, to: "\(root)/events", isUrgent: true) && isKept }
    if !isKept { log.unkept(name, configuration.storage) }
  }

  /// Queues an event of a pipeline. From any thread.
  func recordEvent(_ event: some Payload, of pipeline: String) {
    guard sparkplug == nil else { return }
    if !outbox.append(event, to: "\(configuration.topicRoot)/\(pipeline)/events", isUrgent: true) { log.unkept(pipeline, configuration.storage) }
  }

  /// Queues a picture. From any thread.
  func record(_ snapshot: SnapshotMessage, of pipeline: String) {
    guard sparkplug == nil else { return }
    let isKept = outbox.append(to: "\(configuration.topicRoot)/\(pipeline)/snapshot", isUrgent: true, encoding: { snapshot.encoded(as: $0) })
    if !isKept { log.unkept(pipeline, configuration.storage) }
  }

  private func publishPartial(_ transcript: TranscriptMessage, of pipeline: String, to topic: String) {
    guard let connection else { return }
    // What finds no connection takes no number.
    var numbering = partialNumberings[pipeline] ?? CurrentFactNumbering()
    let message = OutgoingMessage(
      topic: topic, payload: transcript.encoded(as: numbering.next()), quality: .atMostOnce, contentType: "application/json")
    guard (try? connection.publish(message)) != nil else { return }
    partialNumberings[pipeline] = numbering
  }

  /// Whether the camera of these pipelines is there, told each time that it changes, and after all that it sent. At first none is.
  func note(_ pipelines: [String], haveCamera: Bool) {
    for name in pipelines { sparkplug?.note(name, hasCamera: haveCamera) }
  }

  /// What the broker retains, for updates; nil without a broker.
  var topics: RetainedTopics? {
    guard let connection, let updates = configuration.updates else { return nil }
    return RetainedTopics(connection, patience: updates.patience)
  }

  func publish(_ models: ModelsMessage) {
    guard let connection else { return }
    facts.publish(models, to: connection)
  }

  func publishHealth(_ status: AgentStatus) {
    guard let connection, sparkplug == nil, connection.state.isConnected else { return }
    facts.publishHealth(status, outbox: outbox.status, thinning, to: connection)
  }

  /// Writes what is queued, gives the broker a moment to take it, says goodbye and closes everything.
  func finish(waitingForAcknowledgements isOrderly: Bool) {
    outbox.flush()
    if let connection {
      desk.detach(connection)
      if isOrderly, connection.state.isConnected { outbox.waitUntilDelivered(until: MonotonicClock.now().advanced(by: Self.drainTime)) }
      carrier?.stop()
      if let sparkplug { sparkplug.finish() } else { facts.publishState(.offline, to: connection) }
      // Sparkplug wants its edge node's death said twice.
      connection.stop(draining: .seconds(2), sendingWill: sparkplug != nil)
    }
    let left = outbox.status.waiting
    outbox.close()
    if left > 0, connection != nil { log.notice("\(left) messages wait in the outbox for the next start") }
  }

  /// All that there is to say of the outbox.
  var outboxStatus: Outbox.Status { outbox.status }
  /// What was last said of models; nil without updates.
  var models: ModelsMessage? { facts.models }
  var brokerConnections: UInt64 { connection?.counters.connections ?? 0 }
  var queued: Int { outbox.status.waiting }
  var storageError: String? { outbox.status.error?.message }
  var unkept: UInt64 { outbox.status.refused }
  var recorded: UInt64 { outbox.status.accepted }
  var acknowledged: UInt64 { outbox.status.delivered }
  var isConnected: Bool { connection?.state.isConnected ?? false }

  /// A few words; nil without a broker.
  var brokerState: String? {
    guard let connection else { return nil }
    let address = connection.address
    return switch connection.state {
    case .idle, .connecting: "connecting to \(address)"
    case .connected: "connected to \(address)"
    case .refused(_, let error, _), .disconnected(let error, _): error.message
    case .stopped: "\(address), connection closed"
    }
  }
}

extension AgentLog {
  /// The outbox took no more of a pipeline's results.
  func unkept(_ pipeline: String, _ storage: StorageSettings) {
    let text = "results are being lost, as the disk of \(storage.path) doesn't keep up; check it, or report less"
    log(.error, "pipeline \(pipeline): \(text)", subject: "unkept \(pipeline)", about: [.pipeline(pipeline)])
  }
}

extension ResultPublisher {
  private static func settings(_ mqtt: MQTTSettings, _ configuration: AgentConfiguration, _ facts: CurrentFacts) -> BrokerSettings {
    var settings = BrokerSettings(address: mqtt.broker, clientID: configuration.clientIdentifier)
    settings.username = mqtt.username
    settings.password = mqtt.password?.text
    settings.tls = BrokerSettings.TLSFiles(authority: mqtt.authorityPath, certificate: mqtt.certificatePath, key: mqtt.keyPath)
    settings.keepAlive = mqtt.keepAlive
    settings.lastWill = facts.lastWill
    settings.fallbacks = mqtt.fallbacks
    // Each session of a Sparkplug edge node begins anew, and has its own last will.
    settings.sessionExpiry = mqtt.encoding == .sparkplug ? .zero : mqtt.sessionExpiry
    settings.window.messages = mqtt.encoding == .sparkplug ? Self.sparkplugCount : mqtt.inFlight + Self.factCount
    return settings
  }

  private static func report(_ event: Outbox.Event, _ log: AgentLog) {
    switch event {
    case .setAside(let error, let name): log.error("\(error.message); it is kept as \(name), a new one begins")
    case .failing(let error): log.error("results are being lost: \(error.message)")
    case .recovered: log.notice("results are kept again")
    case .gap(let gap):
      let range = "\(gap.sequences.lowerBound) to \(gap.sequences.upperBound)"
      log.log(.warning, "messages \(range) of \(gap.topic) will not be delivered (\(gap.reason.rawValue))", subject: "gap \(gap.topic) \(gap.reason)")
    }
  }

  private static func report(_ state: BrokerState, _ address: BrokerAddress?, _ log: AgentLog) {
    switch state {
    case .connected: log.change(.notice, of: "broker", to: "connected to the broker\(address.map { " \($0)" } ?? "")")
    case .refused(_, let error, _), .disconnected(let error, _): log.change(.warning, of: "broker", to: "\(error.message); results wait in the outbox")
    case .idle, .connecting, .stopped: break
    }
  }
}
