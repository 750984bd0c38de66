import Foundation
import MQTTTransport
@testable import Sparkplug
import TestBroker
import Testing

/// The agent as a Sparkplug edge node, at a real broker.
@Suite(.enabled(if: RealBroker.isAvailable), .serialized) struct SparkplugTests {
  /// An agent that begins without its broker, has it after some seconds, and ends once it tells of what is live.
  private func outage(of broker: RealBroker, seconds: Double, _ host: SparkplugHost) throws {
    let relay = try Relay(to: broker.port)
    relay.cut()
    let scene = try Scene()
    scene.mqtt = "{url: \"mqtt://localhost:\(relay.port)\", encoding: sparkplug}"
    let daemon = try scene.daemon()
    #expect(daemon.waitForError("results wait in the outbox"), "\(daemon.errorText)")
    Thread.sleep(forTimeInterval: seconds)
    try relay.restore()
    #expect(host.wait { told in told.contains { $0.kind == "DDATA" && !$0.isHistorical } }, "\(daemon.errorText)")
    daemon.signal(SIGTERM)
    #expect(daemon.waitForEnd() == 0, "\(daemon.errorText)")
  }

  @Test func `births come before data, numbers are contiguous, and the end is told twice`() throws {
    let broker = try RealBroker()
    let host = try SparkplugHost(broker)
    let scene = try Scene()
    scene.mqtt = "{url: \"\(broker.url)\", encoding: sparkplug}"
    let daemon = try scene.daemon()
    #expect(host.wait { $0.count { $0.kind == "DDATA" } >= 10 }, "\(daemon.errorText)")
    try host.connection.publish(OutgoingMessage(topic: "spBv1.0/plant-a/NCMD/line-3", payload: rebirthCommand))
    #expect(host.wait { $0.count { $0.kind == "NBIRTH" } == 2 })
    daemon.signal(SIGTERM)
    #expect(daemon.waitForEnd() == 0, "\(daemon.errorText)")
    #expect(host.wait { $0.count { $0.kind == "NDEATH" } == 2 })
    let second = try #require(host.told.all.lastIndex { $0.kind == "NBIRTH" })
    #expect(host.told.all[second + 1].kind == "DBIRTH" && host.told.all[second].value("bdSeq") == host.told.all[0].value("bdSeq"))
    let told = Array(host.told.all[..<second]) + host.told.all.filter { $0.kind == "NDEATH" }
    #expect(told.prefix(2).map(\.kind) == ["NBIRTH", "DBIRTH"] && told[1].device == "surface")
    let numbers = told.filter { $0.kind != "NDEATH" }.map(\.payload.sequence)
    #expect(numbers == (0..<numbers.count).map { UInt64($0 % 256) })
    #expect(told.filter { $0.kind == "NDEATH" }.allSatisfy { $0.value("bdSeq") == told[0].value("bdSeq") && $0.payload.sequence == nil })
    let best = try #require(told[1].alias("Detections/Best Label"))
    #expect(told.flatMap { $0.values(alias: best) }.contains(.string("scratch")))
    #expect(told.allSatisfy { !$0.isHistorical })
  }

  @Test func `what happens without a broker is told afterwards as historical, before anything live`() throws {
    let broker = try RealBroker()
    let host = try SparkplugHost(broker)
    try outage(of: broker, seconds: 1, host)
    let data = host.told.all.filter { $0.kind == "DDATA" }
    let firstLive = try #require(data.firstIndex { !$0.isHistorical })
    #expect(firstLive > 0)
    #expect(data[..<firstLive].allSatisfy(\.isHistorical) && data[firstLive...].allSatisfy { !$0.isHistorical })
    let counts = host.told.all.counts()
    #expect(counts.count > 20 && counts == Array(1...counts.count))
  }

  @Test func `a broker that takes small messages only gets the backlog in small pieces, and then what is live`() throws {
    var options = RealBroker.Options()
    options.extraLines = ["max_packet_size 4000"]
    let broker = try RealBroker(options)
    let host = try SparkplugHost(broker)
    try outage(of: broker, seconds: 2, host)
    let counts = host.told.all.counts()
    // What had a part in a refused batch may be told again; nothing is missing.
    #expect(counts.count > 40 && Set(counts) == Set(1...counts.max()!))
  }

  @Test func `a broker that stops reading doesn't hold up the end`() throws {
    let broker = try RealBroker()
    let scene = try Scene()
    scene.mqtt = "{url: \"\(broker.url)\", encoding: sparkplug}"
    let host = try SparkplugHost(broker)
    let daemon = try scene.daemon()
    #expect(host.wait { $0.contains { $0.kind == "DDATA" } }, "\(daemon.errorText)")
    broker.freeze(true)
    defer { broker.freeze(false) }
    daemon.signal(SIGTERM)
    #expect(daemon.waitForEnd() == 0, "\(daemon.errorText)")
  }

  @Test func `without its primary host the agent stores, and leaves when the host goes`() throws {
    let broker = try RealBroker()
    let host = try SparkplugHost(broker)
    let scene = try Scene()
    scene.mqtt = "{url: \"\(broker.url)\", encoding: sparkplug, primary_host: scada}"
    let daemon = try scene.daemon()
    #expect(daemon.waitForError("connected to the broker"), "\(daemon.errorText)")
    Thread.sleep(forTimeInterval: 1)
    #expect(host.told.all.isEmpty)
    try host.say(isOnline: true)
    #expect(host.wait { told in told.contains { $0.kind == "DDATA" && !$0.isHistorical } }, "\(daemon.errorText)")
    #expect(host.told.all.first { $0.kind == "DDATA" }?.isHistorical == true)
    try host.say(isOnline: false)
    #expect(host.wait { $0.count { $0.kind == "NDEATH" } == 2 })
    Thread.sleep(forTimeInterval: 0.5)
    let before = host.told.all.count
    Thread.sleep(forTimeInterval: 1)
    #expect(host.told.all.count == before)
    try host.say(isOnline: true)
    #expect(host.wait { $0.count { $0.kind == "NBIRTH" } == 2 })
    daemon.signal(SIGTERM)
    #expect(daemon.waitForEnd() == 0, "\(daemon.errorText)")
    let births = host.told.all.filter { $0.kind == "NBIRTH" }.map { $0.value("bdSeq") }
    #expect(births == [.long(0), .long(1)])
  }

  /// Asks for all births.
  private var rebirthCommand: [UInt8] {
    SparkplugPayload(metrics: [.init(name: "Node Control/Rebirth", dataType: 11, value: .boolean(true))]).encoded()
  }
}
