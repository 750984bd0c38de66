import Foundation
import TestBroker
import Testing

@Suite(.enabled(if: RealBroker.isAvailable), .serialized) struct BrokerTests {
  @Test func `a folder of images becomes detections at a broker, each payload by its schema`() throws {
    let broker = try RealBroker()
    let watcher = try Watcher(broker)
    let scene = try Scene()
    scene.mqtt = "{url: \"\(broker.url)\", health_interval: 1 s}"
    let daemon = try scene.daemon()
    #expect(watcher.wait(for: 20, of: "/surface/detections"), "\(daemon.errorText)")
    #expect(watcher.wait(for: 1, of: "/health"))
    daemon.signal(SIGTERM)
    #expect(daemon.waitForEnd() == 0, "\(daemon.errorText)")
    #expect(watcher.waitForState("offline"))
    #expect(try watcher.complaints(expecting: ["detections=20", "state=2", "health=1"]) == "")
    let message = try #require(watcher.messages.all.first { $0.topic == "swiftlet/v1/plant-a/line-3/surface/detections" })
    let payload = String(decoding: message.payload, as: UTF8.self)
    #expect(payload.contains("\"label\":\"scratch\"") && payload.contains("\"label\":\"stain\""))
    #expect(payload.contains("[0.25,0.25,0.25,0.25]"), "\(payload)")
  }

  @Test func `the same over TLS with a client certificate`() throws {
    let authority = try TestAuthority()
    var options = RealBroker.Options()
    options.authority = authority
    let broker = try RealBroker(options)
    let watcher = try Watcher(broker, authority: authority)
    let scene = try Scene()
    scene.mqtt = """
      {url: "\(broker.url)", ca: "\(authority.certificate)", certificate: "\(authority.client.certificate)", key: "\(authority.client.key)", \
      health_interval: 1 s}
      """
    let daemon = try scene.daemon()
    #expect(watcher.wait(for: 10, of: "/surface/detections"), "\(daemon.errorText)")
    daemon.signal(SIGTERM)
    #expect(daemon.waitForEnd() == 0, "\(daemon.errorText)")
    #expect(try watcher.complaints(expecting: ["detections=10", "state=2"]) == "")
  }

  @Test func `a broker that doesn't trust the device is named in one line, and nothing is lost`() throws {
    var options = RealBroker.Options()
    options.authority = try TestAuthority()
    let broker = try RealBroker(options)
    let scene = try Scene()
    scene.mqtt = "{url: \"\(broker.url)\", ca: \"\(options.authority?.certificate ?? "")\"}"
    scene.pipeline = "{camera: top, model: fixed, frames: 5}"
    let daemon = try scene.daemon()
    #expect(daemon.waitForEnd() == 0, "\(daemon.errorText)")
    #expect(daemon.errorText.contains("messages wait in the outbox for the next start"), "\(daemon.errorText)")
  }

  @Test func `Home Assistant finds a sensor for each pipeline, whose state and availability it can read`() throws {
    let broker = try RealBroker()
    let watcher = try Watcher(broker, also: "homeassistant/#")
    let scene = try Scene()
    scene.mqtt = "{url: \"\(broker.url)\", home_assistant: true}"
    let daemon = try scene.daemon()
    #expect(watcher.wait(for: 1, of: "/config") && watcher.wait(for: 1, of: "/surface/detections"), "\(daemon.errorText)")
    daemon.signal(SIGTERM)
    #expect(daemon.waitForEnd() == 0, "\(daemon.errorText)")
    let message = try #require(watcher.messages.all.first { $0.topic == "homeassistant/sensor/line-3/plant-a_surface/config" })
    let sensor = try #require(JSONSerialization.jsonObject(with: Data(message.payload)) as? [String: Any])
    for (key, member) in [("state_topic", "detections"), ("availability_topic", "state")] {
      let topic = try #require(sensor[key] as? String)
      let told = try #require(watcher.messages.all.first { $0.topic == topic }, "\(topic)")
      #expect(try (JSONSerialization.jsonObject(with: Data(told.payload)) as? [String: Any])?[member] != nil)
    }
    #expect((sensor["unique_id"] as? String)?.contains("line-3_surface") == true)
  }

  @Test func `while the broker is away detections are thinned as configured, and what is kept has no hole`() throws {
    let scene = try Scene()
    let port = try LoopbackPort.free()
    scene.mqtt = "{url: \"mqtt://localhost:\(port)\"}"
    scene.storage = "{path: state, outbox: 10 MB, offline_detections: 10}"
    scene.pipeline = "{camera: top, model: fixed, frames: 60}"
    let daemon = try scene.daemon()
    #expect(daemon.waitForEnd() == 0, "\(daemon.errorText)")
    #expect(daemon.errorText.contains("6 messages wait in the outbox for the next start"), "\(daemon.errorText)")
  }

  @Test func `what happens while the broker is away arrives afterwards, without a hole`() throws {
    let broker = try RealBroker()
    let watcher = try Watcher(broker)
    let relay = try Relay(to: broker.port)
    let scene = try Scene()
    scene.mqtt = "{url: \"mqtt://localhost:\(relay.port)\"}"
    let daemon = try scene.daemon()
    #expect(watcher.wait(for: 5, of: "/surface/detections"), "\(daemon.errorText)")
    relay.cut()
    #expect(daemon.waitForError("results wait in the outbox"), "\(daemon.errorText)")
    #expect(watcher.waitForState("offline"), "the last will")
    let before = watcher.count("/surface/detections")
    try relay.restore()
    #expect(watcher.wait(for: before + 20, of: "/surface/detections"), "\(daemon.errorText)")
    daemon.signal(SIGTERM)
    #expect(daemon.waitForEnd() == 0, "\(daemon.errorText)")
    #expect(try watcher.complaints(expecting: ["detections=\(before + 20)"]) == "")
  }

  @Test func `a broker that answers nothing any more doesn't hold up the end, and nothing is lost`() throws {
    let broker = try RealBroker()
    let watcher = try Watcher(broker)
    let scene = try Scene()
    scene.mqtt = "{url: \"\(broker.url)\"}"
    let daemon = try scene.daemon()
    #expect(watcher.wait(for: 3, of: "/surface/detections"), "\(daemon.errorText)")
    broker.freeze(true)
    daemon.signal(SIGTERM)
    #expect(daemon.waitForEnd() == 0, "\(daemon.errorText)")
    broker.freeze(false)
    let next = try scene.daemon()
    #expect(next.waitForError("camera top: "))
    let before = watcher.count("/surface/detections")
    #expect(watcher.wait(for: before + 10, of: "/surface/detections"), "\(next.errorText)")
    next.signal(SIGTERM)
    #expect(next.waitForEnd() == 0, "\(next.errorText)")
    #expect(try watcher.complaints(expecting: ["detections=10"]) == "")
  }

  @Test func `what was recorded without a broker is published at the next start`() throws {
    let broker = try RealBroker()
    let scene = try Scene()
    scene.pipeline = "{camera: top, model: fixed, frames: 7}"
    let alone = try scene.daemon()
    #expect(alone.waitForEnd() == 0, "\(alone.errorText)")
    let watcher = try Watcher(broker)
    scene.mqtt = "{url: \"\(broker.url)\"}"
    let daemon = try scene.daemon()
    #expect(daemon.waitForEnd() == 0, "\(daemon.errorText)")
    #expect(watcher.wait(for: 14, of: "/surface/detections"), "\(daemon.errorText)")
    #expect(try watcher.complaints(expecting: ["detections=14", "state=2"]) == "")
  }
}
