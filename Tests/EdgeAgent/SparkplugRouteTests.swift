@testable import EdgeAgent
import Foundation
import MQTTTransport
import Outbox
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

    init() throws {
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
      connection = try BrokerConnection(BrokerSettings(address: try BrokerAddress(parsing: broker.url), clientID: "device"))
      pipeline = PipelineDescription(name: "p", camera: "c", reporting: .all, FixedPackage.manifest(name: "fixed", threshold: 0.5))
      var configuration = AgentConfiguration(device: DeviceSettings(identifier: "d", site: "s"), cameras: [], pipelines: [])
      configuration.mqtt = MQTTSettings(broker: try BrokerAddress(parsing: broker.url))
      configuration.mqtt?.encoding = .sparkplug
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

    /// Waits for it: what was told is taken out of the file a moment later.
    var isDrained: Bool {
      outbox.waitUntilDelivered(until: MonotonicClock.now().advanced(by: .seconds(30)))
      return outbox.status.waiting == 0
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
    for frame in 1...5000 {
      trial.record(UInt64(frame))
      if frame % 500 == 0 { trial.outbox.flush() }
    }
    try trial.connection.start()
    #expect(trial.told.wait { $0.contains("DDATA of old") })
    trial.route.note("p", hasCamera: true)
    // Some more results join the history, until there is none.
    for frame in 5001...9000 where !trial.told.wait(limit: 0.02, until: { $0.last == "DDATA" }) { trial.record(UInt64(frame)) }
    let (births, data) = (trial.told.all.prefix(2), trial.told.all.dropFirst(2))
    #expect(births == ["NBIRTH", "DBIRTH"] && data.last == "DDATA", "\(trial.told.all)")
    #expect(data.first == "DDATA of old" && Set(data.drop { $0 == "DDATA of old" }) == ["DDATA"], "\(trial.told.all)")
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
