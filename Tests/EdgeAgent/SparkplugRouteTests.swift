@testable import EdgeAgent
import Foundation
import MQTTTransport
@testable import Outbox
import Pipelines
import Sparkplug
import TestBroker
import TestPackages
import Testing

/// A route at a real broker, whose cameras come and go as the test says.
@Suite(.enabled(if: RealBroker.isAvailable)) struct SparkplugRouteTests {
  private final class Trial: Sendable {
    let broker: RealBroker
    let folder: TemporaryFolder
    let outbox: Outbox
    let connection: BrokerConnection
    let route: SparkplugRoute
    let pipeline: PipelineDescription
    /// The kind of each message of the edge node, and whether it is history.
    let told = Recorder<String>()
    private let host: BrokerConnection

    /// - Parameter primaryHost: without which nothing is told, and which `say` speaks for.
    init(primaryHost: String? = nil) throws {
      broker = try RealBroker()
      folder = try TemporaryFolder()
      host = try BrokerConnection(BrokerSettings(address: try BrokerAddress(parsing: broker.url), clientID: "host"))
      let granted = Recorder<SubscriptionOutcome>()
      try host.subscribe(to: "spBv1.0/s/+/d/#", completion: { granted.append($0) }) { [told] message in
        let metrics = (try? SparkplugPayload(message.payload))?.metrics ?? []
        let kind = message.topic.split(separator: "/")[2]
        told.append(metrics.contains(where: \.isHistorical) ? "\(kind) of old" : "\(kind)")
      }
      try host.start()
      try #require(granted.wait { $0 == [.granted] })
      outbox = try Outbox(path: folder.path + "/sparkplug.sqlite", byteLimit: 10_000_000)
      var settings = BrokerSettings(address: try BrokerAddress(parsing: broker.url), clientID: "device")
      settings.window.messages = 1024
      connection = try BrokerConnection(settings)
      pipeline = PipelineDescription(name: "p", camera: "c", reporting: .all, FixedPackage.manifest(name: "fixed", threshold: 0.5))
      var configuration = AgentConfiguration(device: DeviceSettings(identifier: "d", site: "s"), cameras: [], pipelines: [])
      configuration.mqtt = MQTTSettings(broker: try BrokerAddress(parsing: broker.url))
      configuration.mqtt?.encoding = .sparkplug
      configuration.mqtt?.primaryHost = primaryHost
      route = try SparkplugRoute(
        configuration, pipelines: [pipeline], outbox: outbox, connection: connection, thinning: OfflineThinning(interval: 1),
        log: AgentLog(name: "test") { _ in })
      try route.start()
    }

    func end() {
      route.finish()
      connection.stop(sendingWill: true)
      outbox.close()
      host.stop()
    }

    func say(isOnline: Bool) throws {
      let state = "{\"online\":\(isOnline),\"timestamp\":\(MonotonicClock.wallTime().microseconds / 1000)}"
      try host.publish(OutgoingMessage(topic: "spBv1.0/STATE/scada", payload: Array(state.utf8), isRetained: true))
    }

    /// With its camera there, tells a stored sample; more history is to come until `keepHistoryOpen(false)`.
    func tellHistory() throws {
      keepHistoryOpen(true)
      record(1)
      route.note("p", hasCamera: true)
      try connection.start()
      #expect(hasTold(["NBIRTH", "DBIRTH", "DDATA of old"]), "\(told.all)")
    }

    /// As if a sample were on its way to disk: until it has come there, the history has no end.
    func keepHistoryOpen(_ isOpen: Bool) {
      route.mutex.withLock { route.unwritten += isOpen ? 1 : -1 }
      route.wake()
    }

    /// Waits for it: what comes from now on is live.
    var hasHistoryEnded: Bool {
      for _ in 0..<3000 {
        if route.mutex.withLock({ !route.node.hasBacklog }) { return true }
        usleep(10_000)
      }
      return false
    }

    /// Waits until all of this was told, and tells whether nothing else was.
    func hasTold(_ kinds: [String]) -> Bool {
      told.wait { $0.count >= kinds.count }
      return told.all == kinds
    }

    /// Waits for it: what was told is taken out of the file a moment later.
    var isDrained: Bool {
      outbox.waitUntilDelivered(until: MonotonicClock.now().advanced(by: .seconds(30)))
      return outbox.status.waiting == 0
    }

    /// A sample that is stored although there is a session.
    func storeMore(_ frame: UInt64) {
      let shown = SparkplugMetrics.Frame(number: frame, count: 0, best: nil, message: "{}", model: "m", modelVersion: "1", clockIsSynchronised: true)
      let sample = SparkplugSample(device: "p", capturedAt: MonotonicClock.wallTime(), metrics: shown.device)
      route.mutex.withLock { route.store(sample) }
    }

    func record(_ frame: UInt64) {
      let result = FrameResult(pipeline: pipeline, detectionLimit: 1)
      result.frameNumber = frame
      result.capturedAt = MonotonicClock.wallTime()
      route.record(result)
    }
  }

  @Test func `a result that comes after its camera was given up is told between a birth and a death`() throws {
    let trial = try Trial()
    defer { trial.end() }
    try trial.connection.start()
    #expect(trial.told.wait { $0 == ["NBIRTH"] }, "nothing is born without a camera")
    trial.route.note("p", hasCamera: true)
    trial.record(1)
    trial.route.note("p", hasCamera: false)
    trial.record(2)
    let told = ["NBIRTH", "DBIRTH", "DDATA", "DDEATH", "DBIRTH", "DDATA of old", "DDEATH"]
    #expect(trial.told.wait { $0.count >= told.count } && trial.told.all == told, "\(trial.told.all)")
    #expect(trial.isDrained)
    trial.route.note("p", hasCamera: true)
    trial.record(3)
    #expect(trial.told.wait { $0.count >= told.count + 2 } && trial.told.all == told + ["DBIRTH", "DDATA"], "\(trial.told.all)")
  }

  @Test func `a camera that comes while its history is told is born once`() throws {
    let trial = try Trial()
    defer { trial.end() }
    trial.keepHistoryOpen(true)
    trial.record(1)
    try trial.connection.start()
    #expect(trial.hasTold(["NBIRTH", "DBIRTH", "DDATA of old"]), "\(trial.told.all)")
    trial.route.note("p", hasCamera: true)
    trial.keepHistoryOpen(false)
    #expect(trial.hasHistoryEnded)
    trial.record(2)
    #expect(trial.hasTold(["NBIRTH", "DBIRTH", "DDATA of old", "DDATA"]), "\(trial.told.all)")
  }

  @Test func `a camera that goes while its history is told dies after it, in one life`() throws {
    let trial = try Trial()
    defer { trial.end() }
    try trial.tellHistory()
    trial.route.note("p", hasCamera: false)
    trial.storeMore(2)
    #expect(trial.hasTold(["NBIRTH", "DBIRTH", "DDATA of old", "DDATA of old"]), "\(trial.told.all)")
    trial.keepHistoryOpen(false)
    #expect(trial.hasTold(["NBIRTH", "DBIRTH", "DDATA of old", "DDATA of old", "DDEATH"]), "\(trial.told.all)")
  }

  @Test func `a camera that goes and returns while its history is told lives on`() throws {
    let trial = try Trial()
    defer { trial.end() }
    try trial.tellHistory()
    trial.route.note("p", hasCamera: false)
    trial.route.note("p", hasCamera: true)
    trial.keepHistoryOpen(false)
    #expect(trial.hasHistoryEnded)
    trial.record(2)
    #expect(trial.hasTold(["NBIRTH", "DBIRTH", "DDATA of old", "DDATA"]), "\(trial.told.all)")
    trial.route.note("p", hasCamera: false)
    #expect(trial.hasTold(["NBIRTH", "DBIRTH", "DDATA of old", "DDATA", "DDEATH"]), "\(trial.told.all)")
  }

  @Test func `a primary host that goes takes a device that waited for its death along, and what is left has a life of its own`() throws {
    let trial = try Trial(primaryHost: "scada")
    defer { trial.end() }
    trial.keepHistoryOpen(true)
    trial.record(1)
    trial.route.note("p", hasCamera: true)
    try trial.say(isOnline: true)
    try trial.connection.start()
    var told = ["NBIRTH", "DBIRTH", "DDATA of old"]
    #expect(trial.hasTold(told), "\(trial.told.all)")
    trial.route.note("p", hasCamera: false)
    try trial.say(isOnline: false)
    told += ["NDEATH", "NDEATH"]
    #expect(trial.hasTold(told), "\(trial.told.all)")
    trial.keepHistoryOpen(false)
    try trial.say(isOnline: true)
    told.append("NBIRTH")
    #expect(trial.hasTold(told), "\(trial.told.all)")
    trial.record(2)
    told += ["DBIRTH", "DDATA of old", "DDEATH"]
    #expect(trial.hasTold(told), "\(trial.told.all)")
  }

  @Test func `a death doesn't wait for a disk that fails`() throws {
    let trial = try Trial()
    defer { trial.end() }
    trial.keepHistoryOpen(true)
    trial.record(1)
    trial.route.note("p", hasCamera: true)
    try trial.connection.start()
    #expect(trial.hasTold(["NBIRTH", "DBIRTH", "DDATA of old"]) && trial.isDrained, "\(trial.told.all)")
    trial.outbox.mutex.withLock { trial.outbox.shared.status.error = OutboxError(.diskFull, "full") }
    trial.route.note("p", hasCamera: false)
    #expect(trial.hasTold(["NBIRTH", "DBIRTH", "DDATA of old", "DDEATH"]), "\(trial.told.all)")
    trial.keepHistoryOpen(false)
  }

  @Test func `a gap that reaches the outbox after the history's end is told between a birth and a death`() throws {
    let trial = try Trial()
    defer { trial.end() }
    try trial.connection.start()
    #expect(trial.hasTold(["NBIRTH"]), "\(trial.told.all)")
    trial.outbox.append(to: "sparkplug/p/events", isUrgent: true, encoding: { _ in Array("{}".utf8) })
    #expect(trial.hasTold(["NBIRTH", "DBIRTH", "DDATA of old", "DDEATH"]), "\(trial.told.all)")
    trial.route.note("p", hasCamera: true)
    #expect(trial.isDrained)
    trial.record(1)
    #expect(trial.hasTold(["NBIRTH", "DBIRTH", "DDATA of old", "DDEATH", "DBIRTH", "DDATA"]), "\(trial.told.all)")
  }

  @Test func `after a message that the broker refused, data and deaths wait for the births that mend the sequence`() throws {
    let trial = try Trial()
    defer { trial.end() }
    try trial.connection.start()
    #expect(trial.hasTold(["NBIRTH"]), "\(trial.told.all)")
    trial.route.note("p", hasCamera: true)
    trial.record(1)
    #expect(trial.hasTold(["NBIRTH", "DBIRTH", "DDATA"]), "\(trial.told.all)")
    // What the route notes of a refusal; the thread that mends isn't woken yet.
    trial.route.mutex.withLock { trial.route.needsRebirth = true }
    trial.record(2)
    trial.route.note("p", hasCamera: false)
    trial.route.wake()
    #expect(trial.hasTold(["NBIRTH", "DBIRTH", "DDATA", "NBIRTH", "DBIRTH", "DDATA", "DDEATH"]), "\(trial.told.all)")
  }

  @Test func `the death that a host's going brings reaches a broker that is behind with reading`() throws {
    let trial = try Trial(primaryHost: "scada")
    defer { trial.end() }
    try trial.say(isOnline: true)
    trial.route.note("p", hasCamera: true)
    try trial.connection.start()
    #expect(trial.hasTold(["NBIRTH", "DBIRTH"]), "\(trial.told.all)")
    trial.broker.freeze(true)
    for frame in 1...500 { trial.record(UInt64(frame)) }
    try trial.say(isOnline: false)
    trial.broker.freeze(false)
    // The agent's own and the will.
    #expect(trial.hasTold(["NBIRTH", "DBIRTH"] + Array(repeating: "DDATA", count: 500) + ["NDEATH", "NDEATH"]), "\(trial.told.all.suffix(5))")
  }

  @Test func `what is stored of a pipeline that the configuration no longer has is dropped, and what follows is told`() throws {
    let trial = try Trial()
    defer { trial.end() }
    let sample = SparkplugSample(device: "gone", capturedAt: MonotonicClock.wallTime(), metrics: [])
    trial.outbox.append(to: "sparkplug/gone/detections", encoding: { _ in sample.storedForm }) { _ in }
    trial.record(1)
    trial.outbox.flush()
    try trial.connection.start()
    #expect(trial.told.wait { $0.count >= 4 } && trial.told.all == ["NBIRTH", "DBIRTH", "DDATA of old", "DDEATH"], "\(trial.told.all)")
    #expect(trial.isDrained)
  }
}
