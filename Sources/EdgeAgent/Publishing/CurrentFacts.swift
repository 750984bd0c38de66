import Inspection
import MQTTTransport
import Outbox
import Pipelines

/// The retained messages `state`, `health` and `models`: what is true now, so the newest replaces all before it.
final class CurrentFacts: @unchecked Sendable {
  private let topicRoot: String
  private let bootID = bootIdentifier()
  private let startedAt = MonotonicClock.now()
  private let mutex = PthreadMutex()
  private var stateNumbering = CurrentFactNumbering()
  private var healthNumbering = CurrentFactNumbering()
  private var modelsNumbering = CurrentFactNumbering()
  private var lastModels: ModelsMessage?
  /// Processed frames of each pipeline when `health` was last published.
  private var lastCounts: (at: MonotonicInstant, processed: [String: UInt64])?

  init(topicRoot: String) { self.topicRoot = topicRoot }

  /// What was last said of models; nil without updates.
  var models: ModelsMessage? { mutex.withLock { lastModels } }

  private var uptime: Duration { startedAt.duration(to: MonotonicClock.now()) }

  /// What the broker says in this device's name when it vanishes.
  var lastWill: BrokerSettings.LastWill {
    let number = mutex.withLock { stateNumbering.lastWill }
    return BrokerSettings.LastWill(topic: "\(topicRoot)/state", payload: state(.offline).encoded(as: number), isRetained: true)
  }

  func publishState(_ value: StateMessage.State, to connection: BrokerConnection) {
    let number = mutex.withLock { stateNumbering.next() }
    send(state(value).encoded(as: number), to: "state", connection)
  }

  func publishHealth(_ status: AgentStatus, outbox: Outbox.Status, _ thinning: OfflineThinning, to connection: BrokerConnection) {
    let rates = frameRates(status)
    let machine = status.machine
    let memory = ResidentMemory.read()
    var message = HealthMessage(
      capturedAt: MonotonicClock.wallTime(), clock: .current(), uptime: uptime, residentBytes: UInt64(memory?.current ?? 0),
      peakResidentBytes: UInt64(memory?.peak ?? 0),
      temperatures: machine.reading.temperatures.map { HealthMessage.Temperature(zone: $0.zone, celsius: $0.celsius) },
      pipelines: status.pipelines.map { Self.health(of: $0, in: status, rates[$0.description.name] ?? 0, thinning) }, outbox: outbox,
      brokerConnections: connection.counters.connections)
    message.degradation = HealthMessage.Degradation(step: machine.step, reasons: machine.reasons)
    message.speech = status.speech.map(Self.health(of:))
    message.gates = status.gates.map { HealthMessage.Gate($0) }
    let number = mutex.withLock { healthNumbering.next() }
    send(message.encoded(as: number), to: "health", connection)
  }

  /// Said again with every new connection: what was said without one is lost, and the next may be an hour off.
  func publish(_ models: ModelsMessage, to connection: BrokerConnection) {
    mutex.withLock { lastModels = models }
    publishModelsAgain(to: connection)
  }

  func publishModelsAgain(to connection: BrokerConnection) {
    let known = mutex.withLock { lastModels.map { ($0, modelsNumbering.next()) } }
    if let (models, number) = known { send(models.encoded(as: number), to: "models", connection) }
  }

  private func state(_ value: StateMessage.State) -> StateMessage {
    StateMessage(
      capturedAt: MonotonicClock.wallTime(), clock: .current(), state: value, version: agentVersion, bootID: bootID, uptime: uptime)
  }

  /// A fact that finds no connection isn't kept: the next one is newer.
  private func send(_ payload: [UInt8], to name: String, _ connection: BrokerConnection) {
    try? connection.publish(
      OutgoingMessage(topic: "\(topicRoot)/\(name)", payload: payload, isRetained: true, contentType: "application/json"))
  }

  /// Processed frames a second since the last time.
  private func frameRates(_ status: AgentStatus) -> [String: Double] {
    let now = MonotonicClock.now()
    let processed = Dictionary(status.pipelines.map { ($0.description.name, $0.statistics.processed) }) { first, _ in first }
    return mutex.withLock {
      let last = lastCounts ?? (startedAt, [:])
      lastCounts = (now, processed)
      let seconds = max(last.at.duration(to: now) / .seconds(1), 0.001)
      var rates: [String: Double] = [:]
      for (name, count) in processed {
        let before = min(count, last.processed[name] ?? 0)
        rates[name] = (Double(count - before) / seconds * 100).rounded() / 100
      }
      return rates
    }
  }

  private static func health(of speech: AgentStatus.Speech) -> HealthMessage.Speech {
    let state =
      switch speech.state {
      case .ended: "ended"
      case _ where speech.isPaused: "paused"
      case .capturing: "running"
      case .starting, .waiting: "waiting"
      }
    let (statistics, counters) = (speech.statistics, speech.counters)
    return HealthMessage.Speech(
      name: speech.description.name, microphone: speech.description.microphone, state: state, utterances: statistics.utterances,
      commands: statistics.commands, unrecorded: statistics.unrecorded + statistics.failures, lost: speech.lost, overruns: counters.overruns,
      suspensions: counters.suspensions, failures: counters.failures, dropped: speech.dropped)
  }

  private static func health(
    of pipeline: AgentStatus.Pipeline, in status: AgentStatus, _ frameRate: Double, _ thinning: OfflineThinning
  ) -> HealthMessage.Pipeline {
    let camera = status.cameras.first { $0.name == pipeline.description.camera }
    let state =
      switch camera?.state {
      case .ended: "ended"
      case _ where pipeline.isPaused: "paused"
      case .streaming: "running"
      default: "waiting"
      }
    let statistics = pipeline.statistics
    var health = HealthMessage.Pipeline(
      name: pipeline.description.name, camera: pipeline.description.camera, state: state, frameRate: frameRate, processed: statistics.processed,
      dropped: statistics.replaced + statistics.late + statistics.unrecorded + statistics.unusable + (camera?.counters.missed ?? 0),
      thinned: thinning.leftOut(pipeline.description.name))
    // One without rules may give pictures, too.
    let decided = statistics.decided ?? pipeline.missedSnapshots.map { _ in Inspector.Counters() }
    health.decisions = decided.map { HealthMessage.Decisions($0, crossings: zip(pipeline.description.lines, statistics.crossings)) }
    health.decisions?.missedSnapshots = UInt64(clamping: pipeline.missedSnapshots ?? 0)
    health.spared = statistics.spared
    if pipeline.backend.wanted != .cpu { health.runsOn = pipeline.backend.engine.rawValue }
    health.deviceTrouble = pipeline.backend.alarm
    (health.late, health.reused, health.leftOut, health.unneeded) = (statistics.late, statistics.reused, statistics.leftOut, statistics.unneeded)
    return health
  }
}
