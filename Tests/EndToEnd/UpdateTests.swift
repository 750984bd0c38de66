import Foundation
import MQTTTransport
import TestBroker
import TestPackages
import Testing

/// Releases from `swiftlet release` through a real broker to the daemon itself.
@Suite(.enabled(if: RealBroker.isAvailable), .serialized) struct UpdateTests {
  /// A fleet, a device of it with version 1 put there by hand, and whoever listens.
  private struct Plant {
    let broker: RealBroker
    let fleet: Fleet
    let watcher: Watcher
    let scene: Scene

    init(watch: String = "2 s") throws {
      broker = try RealBroker()
      fleet = try Fleet(broker)
      watcher = try Watcher(broker)
      scene = try Scene()
      scene.mqtt = "{url: \"\(broker.url)\"}"
      scene.updates = fleet.updates(watch: watch)
    }

    func activeVersion() -> String? { version("active") }

    func version(_ slot: String) -> String? {
      (watcher.model { $0[slot] is [String: Any] }?[slot] as? [String: Any])?["version"] as? String
    }
  }

  @Test func `a device without the model gets it, and goes over to the next version between two frames`() throws {
    let plant = try Plant()
    try FileManager.default.removeItem(at: plant.scene.package)
    try plant.fleet.release(FixedPackage.bytes(version: "1", golden: FixedPackage.golden))
    let daemon = try plant.scene.daemon()
    #expect(plant.watcher.waitFor("installed", "1") != nil, "\(daemon.errorText)")
    #expect(plant.watcher.wait(for: 5, of: "/detections"))
    try plant.fleet.release(FixedPackage.bytes(version: "2", golden: FixedPackage.golden))
    let model = try #require(plant.watcher.waitFor("installed", "2"), "\(daemon.errorText)")
    #expect((model["active"] as? [String: Any])?["version"] as? String == "2")
    #expect((model["previous"] as? [String: Any])?["version"] as? String == "1")
    #expect(plant.watcher.waitForVersions("1", "2"), "\(plant.watcher.detectedVersions)")
    daemon.signal(SIGTERM)
    #expect(daemon.waitForEnd() == 0, "\(daemon.errorText)")
    #expect(try plant.watcher.complaints(expecting: ["models=5", "detections=5"]) == "")
  }

  @Test func `a version that computes something else than it promises never runs, and isn't tried again`() throws {
    let plant = try Plant()
    try plant.fleet.release(FixedPackage.bytes(version: "1", golden: FixedPackage.golden))
    let daemon = try plant.scene.daemon()
    #expect(plant.watcher.waitFor("installed", "1") != nil, "\(daemon.errorText)")
    var golden = FixedPackage.golden
    golden.outputs[0].samples[1] += 0.5
    try plant.fleet.release(FixedPackage.bytes(version: "2", golden: golden))
    let model = try #require(plant.watcher.waitFor("refused", "2"), "\(daemon.errorText)")
    #expect((model["last"] as? [String: Any])?["code"] as? String == "wrong golden outputs")
    #expect((model["active"] as? [String: Any])?["version"] as? String == "1")
    // Whatever is published next, that build is left alone.
    #expect(daemon.waitForError("release 2): refused"), "\(daemon.errorText)")
    let attempts = daemon.errorText.components(separatedBy: "refused").count
    try plant.fleet.release(FixedPackage.bytes(name: "another", version: "1"))
    #expect(plant.watcher.waitForCheck("current"))
    try plant.fleet.release(FixedPackage.bytes(version: "3", golden: FixedPackage.golden))
    #expect(plant.watcher.waitFor("installed", "3") != nil, "\(daemon.errorText)")
    #expect(daemon.errorText.components(separatedBy: "refused").count == attempts)
    #expect(plant.watcher.waitForVersions("1", "3"))
  }

  @Test func `a version that takes far longer than the one before never runs`() throws {
    let plant = try Plant()
    try plant.fleet.release(FixedPackage.bytes(version: "1"))
    let daemon = try plant.scene.daemon()
    #expect(plant.watcher.waitFor("installed", "1") != nil, "\(daemon.errorText)")
    try plant.fleet.release(Fleet.slowPackage(version: "2"))
    let model = try #require(plant.watcher.waitFor("refused", "2"), "\(daemon.errorText)")
    #expect((model["last"] as? [String: Any])?["code"] as? String == "too slow")
    #expect(plant.watcher.waitForVersions("1"))
  }

  @Test func `a version that finds something else on live frames never runs, one that finds the same does`() throws {
    let plant = try Plant()
    // Few frames, and much time for them: on a busy machine the one beside the line sees but three a second.
    plant.scene.updates = plant.fleet.updates(watch: "15 s", shadow: "{frames: 5}")
    try plant.fleet.release(FixedPackage.bytes(version: "1"))
    let daemon = try plant.scene.daemon()
    #expect(plant.watcher.waitFor("installed", "1") != nil, "\(daemon.errorText)")
    try plant.fleet.release(FixedPackage.bytes(version: "2", labels: ["crack", "stain"]))
    let model = try #require(plant.watcher.waitFor("refused", "2"), "\(daemon.errorText)")
    #expect((model["last"] as? [String: Any])?["code"] as? String == "differs", "\(model)")
    #expect(plant.activeVersion() == "1")
    try plant.fleet.release(FixedPackage.bytes(version: "3", golden: FixedPackage.golden))
    #expect(plant.watcher.waitFor("installed", "3") != nil, "\(daemon.errorText)")
    #expect(plant.watcher.waitForVersions("1", "3"))
    #expect(plant.watcher.messages.all.contains { String(decoding: $0.payload, as: UTF8.self).contains(#""state":"shadowing","frames":"#) })
    #expect(try plant.watcher.complaints(expecting: ["models=5"]) == "")
  }

  @Test func `a version under which the agent keeps dying gives way to the one before`() throws {
    let plant = try Plant(watch: "1 h")
    try plant.fleet.release(FixedPackage.bytes(version: "1"))
    plant.scene.updates = plant.fleet.updates()
    var daemon = try plant.scene.daemon()
    #expect(plant.watcher.waitFor("installed", "1") != nil, "\(daemon.errorText)")
    plant.scene.updates = plant.fleet.updates(watch: "1 h")
    try plant.scene.write()
    daemon.signal(SIGHUP)
    #expect(daemon.waitForError("applying the new configuration"))
    try plant.fleet.release(FixedPackage.bytes(version: "2"))
    #expect(plant.watcher.waitForVersions("1", "2"), "\(daemon.errorText)")
    for _ in 0..<3 {
      daemon.signal(SIGKILL)
      _ = daemon.waitForEnd()
      daemon = try plant.scene.daemon()
      #expect(daemon.waitForError("connected to the broker"))
    }
    let model = try #require(plant.watcher.waitFor("rolled back", "2"), "\(daemon.errorText)")
    #expect((model["last"] as? [String: Any])?["code"] as? String == "crashes")
    #expect((model["active"] as? [String: Any])?["version"] as? String == "1")
    // A killed agent may send what it had sent once more.
    #expect(plant.watcher.waitForLastVersion("1"), "\(plant.watcher.detectedVersions) \(daemon.errorText)")
  }

  @Test func `a first version under which the agent keeps dying is given up for the one that was put there by hand`() throws {
    let plant = try Plant(watch: "1 h")
    try Data(FixedPackage.bytes(version: "by hand")).write(to: plant.scene.package)
    try plant.fleet.release(FixedPackage.bytes(version: "1"))
    var daemon = try plant.scene.daemon()
    #expect(plant.watcher.waitForLastVersion("1"), "\(daemon.errorText)")
    for _ in 0..<3 {
      daemon.signal(SIGKILL)
      _ = daemon.waitForEnd()
      daemon = try plant.scene.daemon()
      #expect(daemon.waitForError("connected to the broker"))
    }
    let model = try #require(plant.watcher.waitFor("rolled back", "1"), "\(daemon.errorText)")
    #expect(model["active"] is NSNull)
    #expect(plant.watcher.waitForLastVersion("by hand"), "\(plant.watcher.detectedVersions) \(daemon.errorText)")
  }

  @Test func `a model that was put there by hand gives way to the fleet's, and takes over again where that is too slow on the line`() throws {
    let plant = try Plant(watch: "1 h")
    try Data(FixedPackage.bytes(version: "by hand")).write(to: plant.scene.package)
    let daemon = try plant.scene.daemon()
    // As many frames as it takes to know how long a run takes.
    #expect(plant.watcher.wait(for: 40, of: "/detections"), "\(daemon.errorText)")
    try plant.fleet.release(Fleet.slowPackage(version: "1"))
    let model = try #require(plant.watcher.waitFor("rolled back", "1"), "\(daemon.errorText)")
    #expect((model["last"] as? [String: Any])?["code"] as? String == "too slow")
    #expect(model["active"] is NSNull)
    #expect(plant.watcher.waitForLastVersion("by hand"), "\(plant.watcher.detectedVersions) \(daemon.errorText)")
  }

  @Test func `what is withdrawn gives way to the version before, which is still there, however long it takes`() throws {
    let plant = try Plant()
    try FileManager.default.removeItem(at: plant.scene.package)
    try plant.fleet.release(Fleet.slowPackage(version: "1"))
    let daemon = try plant.scene.daemon()
    #expect(plant.watcher.waitFor("installed", "1") != nil, "\(daemon.errorText)")
    try plant.fleet.release(FixedPackage.bytes(version: "2"))
    #expect(plant.watcher.waitFor("installed", "2") != nil, "\(daemon.errorText)")
    try plant.fleet.run("withdraw", "fixed", "2")
    try plant.fleet.publish()
    #expect(plant.watcher.waitFor("installed", "1") != nil, "\(daemon.errorText)")
    // Even a slower one finds nothing in every picture.
    #expect(plant.activeVersion() == "1")
    #expect(plant.watcher.wait(for: 1, of: "/detections"))
  }

  @Test func `whoever has the broker's password changes no model`() throws {
    let plant = try Plant()
    try plant.fleet.release(FixedPackage.bytes(version: "1"))
    let daemon = try plant.scene.daemon()
    #expect(plant.watcher.waitFor("installed", "1") != nil, "\(daemon.errorText)")
    let timestamp = "swiftlet/v1/releases/metadata/timestamp"
    let old = try #require(plant.watcher.messages.all.last { $0.topic == timestamp })
    try plant.fleet.release(FixedPackage.bytes(version: "2"))
    #expect(plant.watcher.waitFor("installed", "2") != nil, "\(daemon.errorText)")
    // An old state, held out again; garbage; the fleet's own state, forged; nothing at all.
    let forged = String(decoding: old.payload, as: UTF8.self).replacingOccurrences(of: "\"version\":2", with: "\"version\":9")
    #expect(forged != String(decoding: old.payload, as: UTF8.self))
    for (payload, code) in [(old.payload, "rollback"), (Array("garbage".utf8), "malformed"), (Array(forged.utf8), "unsigned"), ([], "unavailable")] {
      try plant.watcher.publish(OutgoingMessage(topic: timestamp, payload: payload, isRetained: true))
      #expect(plant.watcher.waitForCheck(code), "\(code): \(daemon.errorText)")
    }
    #expect(plant.activeVersion() == "2")
    // And after all that the fleet's next word is heard.
    try plant.fleet.release(FixedPackage.bytes(version: "3"))
    #expect(plant.watcher.waitFor("installed", "3") != nil, "\(daemon.errorText)")
    #expect(plant.watcher.waitForVersions("1", "2", "3"))
  }

  @Test func `swapped blocks are never put together`() throws {
    let plant = try Plant()
    try plant.fleet.release(FixedPackage.bytes(version: "1"))
    let daemon = try plant.scene.daemon()
    #expect(plant.watcher.waitFor("installed", "1") != nil, "\(daemon.errorText)")
    try plant.fleet.take(FixedPackage.bytes(version: "2", labels: ["crack", "dent"]))
    // Each block has the bytes of another one, or other bytes.
    let release = try plant.fleet.exported()
    let blocks = release.filter { $0.topic.contains("/blocks/") }
    for (block, other) in zip(blocks, blocks.dropFirst() + [OutgoingMessage(topic: "", payload: [1, 2, 3])]) {
      try plant.watcher.publish(OutgoingMessage(topic: block.topic, payload: other.payload, isRetained: true))
    }
    for message in release where message.topic.contains("/metadata/") { try plant.watcher.publish(message) }
    let model = try #require(plant.watcher.waitFor("failed", "2"), "\(daemon.errorText)")
    #expect(["mismatch", "wrong block"].contains((model["last"] as? [String: Any])?["code"] as? String ?? ""), "\(model)")
    #expect((model["active"] as? [String: Any])?["version"] as? String == "1")
    // Once the right ones are there it goes on.
    for message in release { try plant.watcher.publish(message) }
    try plant.fleet.run("renew")
    try plant.fleet.publish()
    #expect(plant.watcher.waitFor("installed", "2") != nil, "\(daemon.errorText)")
  }

  @Test func `what changed while the broker was away is said once it is back`() throws {
    let plant = try Plant()
    let relay = try Relay(to: plant.broker.port)
    plant.scene.mqtt = "{url: \"mqtt://localhost:\(relay.port)\"}"
    try plant.fleet.release(FixedPackage.bytes(version: "1"))
    let daemon = try plant.scene.daemon()
    #expect(plant.watcher.waitFor("installed", "1") != nil, "\(daemon.errorText)")
    try plant.fleet.release(FixedPackage.bytes(version: "2"))
    #expect(daemon.waitForError("goes over to 2"), "\(daemon.errorText)")
    relay.cut()
    #expect(daemon.waitForError("(release 2): installed"), "\(daemon.errorText)")
    try relay.restore()
    #expect(plant.watcher.waitFor("installed", "2") != nil, "\(daemon.errorText)")
  }

  @Test func `a release on a stick goes through the same checks`() throws {
    let plant = try Plant()
    try plant.fleet.release(FixedPackage.bytes(version: "1"))
    let daemon = try plant.scene.daemon()
    #expect(plant.watcher.waitFor("installed", "1") != nil, "\(daemon.errorText)")
    let old = try plant.fleet.export()
    // Never published.
    try plant.fleet.take(FixedPackage.bytes(version: "2", labels: ["crack", "dent"]))
    let new = try plant.fleet.export()
    let carry = { (stick: String) in
      let command = try RunningProgram("swiftlet", ["release", "import", stick, "--config", plant.scene.configuration])
      return (command.waitForEnd(), command.errorText)
    }
    let taken = try carry(new)
    #expect(taken.0 == 0, "\(taken.1) \(daemon.errorText)")
    #expect(plant.watcher.waitFor("installed", "2") != nil, "\(daemon.errorText)")
    let refused = try carry(old)
    #expect(refused.0 == 1 && refused.1.contains("rollback"), "\(refused.1)")
    let nothing = try carry(plant.scene.folder.path)
    #expect(nothing.0 == 1 && nothing.1.contains("is no release"), "\(nothing.1)")
    #expect(plant.activeVersion() == "2")
  }
}
