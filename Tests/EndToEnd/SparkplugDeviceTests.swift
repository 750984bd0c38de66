import Foundation
@testable import Sparkplug
import TestBroker
import Testing

/// Pipelines whose camera goes and comes back, as Sparkplug hosts see them.
@Suite(.enabled(if: RealBroker.isAvailable), .serialized) struct SparkplugDeviceTests {
  @Test func `a device dies with its camera and is born again with it, while another goes on`() throws {
    let broker = try RealBroker()
    let host = try SparkplugHost(broker)
    let scene = try Scene()
    scene.mqtt = "{url: \"\(broker.url)\", encoding: sparkplug}"
    scene.camera += "\n  side: {source: simulated:conveyor, size: 160x120, frame_rate: 20}"
    scene.pipeline += "\n  other: {camera: side, model: fixed}"
    let daemon = try scene.daemon()
    #expect(host.wait { $0.count { $0.kind == "DDATA" && $0.device == "surface" } >= 5 }, "\(daemon.errorText)")
    try scene.showImages(false)
    #expect(host.wait { $0.contains { $0.kind == "DDEATH" } }, "\(daemon.errorText)")
    let death = try #require(host.told.all.firstIndex { $0.kind == "DDEATH" })
    #expect(host.told.all[death].device == "surface" && host.told.all[death].payload.metrics.isEmpty && host.told.all[death].payload.timestamp != nil)
    #expect(host.wait { $0[death...].count { $0.kind == "DDATA" && $0.device == "other" } >= 5 }, "\(daemon.errorText)")
    try scene.showImages(true)
    #expect(host.wait { $0[death...].count { $0.kind == "DDATA" && $0.device == "surface" } >= 5 }, "\(daemon.errorText)")
    daemon.signal(SIGTERM)
    #expect(daemon.waitForEnd() == 0, "\(daemon.errorText)")
    #expect(host.wait { $0.count { $0.kind == "NDEATH" } == 2 })
    let told = host.told.all
    let after = told[(death + 1)...].filter { $0.device == "surface" }
    // Its birth knows nothing yet; everything of the first frame follows.
    #expect(after.first?.kind == "DBIRTH" && after.first?.value("Detections/Count") == nil && after.first?.value("Model/Name") != nil)
    #expect(after[1...].allSatisfy { $0.kind == "DDATA" && !$0.isHistorical } && told.count { $0.kind == "DDEATH" } == 1)
    #expect(told.isContiguous && told.count { $0.kind == "NBIRTH" } == 1)
    for device in ["surface", "other"] { #expect(told.counts(of: device) == Array(1...told.counts(of: device).count)) }
  }

  @Test func `what was stored of a device whose camera is away by then is told, between a birth and a death`() throws {
    let broker = try RealBroker()
    let host = try SparkplugHost(broker)
    let relay = try Relay(to: broker.port)
    relay.cut()
    let scene = try Scene()
    scene.mqtt = "{url: \"mqtt://localhost:\(relay.port)\", encoding: sparkplug}"
    let daemon = try scene.daemon()
    #expect(daemon.waitForError("results wait in the outbox") && daemon.waitForError("camera top: "), "\(daemon.errorText)")
    Thread.sleep(forTimeInterval: 0.5)
    try scene.showImages(false)
    #expect(daemon.waitForError("no image could be read"), "\(daemon.errorText)")
    // By then the camera's thread has looked again whether all is recorded.
    Thread.sleep(forTimeInterval: 2)
    try relay.restore()
    #expect(host.wait { $0.contains { $0.kind == "DDEATH" } }, "\(daemon.errorText)")
    #expect(host.told.all.filter { $0.kind != "DDATA" }.map(\.kind) == ["NBIRTH", "DBIRTH", "DDEATH"])
    #expect(host.told.all.last?.kind == "DDEATH" && host.told.all.filter { $0.kind == "DDATA" }.allSatisfy(\.isHistorical))
    let stored = host.told.all.counts()
    #expect(stored.count > 3 && stored == Array(1...stored.count))
    try scene.showImages(true)
    #expect(host.wait { $0.contains { $0.kind == "DDATA" && !$0.isHistorical } }, "\(daemon.errorText)")
    #expect(host.told.all.filter { $0.kind != "DDATA" }.map(\.kind) == ["NBIRTH", "DBIRTH", "DDEATH", "DBIRTH"])
    daemon.signal(SIGTERM)
    #expect(daemon.waitForEnd() == 0, "\(daemon.errorText)")
    #expect(host.wait { $0.count { $0.kind == "NDEATH" } == 2 } && host.told.all.isContiguous)
    #expect(host.told.all.counts() == Array(1...host.told.all.counts().count))
  }

  @Test func `a device whose camera was never there isn't born`() throws {
    let broker = try RealBroker()
    let host = try SparkplugHost(broker)
    let scene = try Scene()
    scene.mqtt = "{url: \"\(broker.url)\", encoding: sparkplug}"
    scene.camera = "{source: \"v4l2:/dev/video-none\"}\n  side: {source: simulated:conveyor, size: 160x120, frame_rate: 20}"
    scene.pipeline += "\n  other: {camera: side, model: fixed}"
    let daemon = try scene.daemon()
    #expect(daemon.waitForError("camera top: waiting"), "\(daemon.errorText)")
    #expect(host.wait { $0.count { $0.kind == "DDATA" } >= 5 }, "\(daemon.errorText)")
    daemon.signal(SIGTERM)
    #expect(daemon.waitForEnd() == 0, "\(daemon.errorText)")
    #expect(host.wait { $0.count { $0.kind == "NDEATH" } == 2 } && host.told.all.isContiguous)
    #expect(host.told.all.allSatisfy { $0.device != "surface" })
  }
}
