import Foundation
import MQTTTransport
import TestBroker
import TestPackages
import Testing

/// Signed orders from `swiftlet release order` through a real broker to the daemon itself.
@Suite(.enabled(if: RealBroker.isAvailable), .serialized) struct OrderTests {
  /// A fleet, a device that obeys, and whoever listens.
  private struct Plant {
    let broker: RealBroker
    let fleet: Fleet
    let watcher: Watcher
    let scene: Scene

    init() throws {
      broker = try RealBroker()
      fleet = try Fleet(broker)
      watcher = try Watcher(broker)
      scene = try Scene()
      scene.mqtt = "{url: \"\(broker.url)\", health_interval: 1 s, commands: [status, pause, resume, roll-back]}"
      scene.updates = fleet.updates(watch: "1 s")
    }

    /// With version 1 of the fleet's, proved.
    func daemon() throws -> RunningProgram {
      try fleet.release(FixedPackage.bytes(version: "1", golden: FixedPackage.golden))
      let daemon = try scene.daemon()
      #expect(watcher.waitFor("installed", "1") != nil, "\(daemon.errorText)")
      return daemon
    }

    /// The answer's outcome and reason.
    @discardableResult
    func order(_ order: String, _ more: [String] = [], by fleet: Fleet? = nil) throws -> (outcome: String, reason: String) {
      let fleet = fleet ?? self.fleet
      let program = try RunningProgram(
        "swiftlet", ["release", "order", fleet.folder.path, order, "--device", "plant-a/line-3", "--broker", broker.url, "--json"] + more,
        environment: ["SWIFTLET_PASSPHRASE": "gloves on"])
      _ = program.waitForEnd()
      let answer = try #require(try JSONSerialization.jsonObject(with: Data(program.outputText.utf8)) as? [String: Any], "\(program.errorText)")
      let device = try #require((answer["devices"] as? [[String: Any]])?.first)
      return (device["outcome"] as? String ?? "none", device["reason"] as? String ?? "")
    }

    /// Waits until the latest word on the pipeline's health is this.
    func isHealth(_ state: String) -> Bool {
      watcher.messages.wait(limit: 60) { messages in
        guard let last = messages.last(where: { $0.topic.hasSuffix("/health") }),
          let health = try? JSONSerialization.jsonObject(with: Data(last.payload)) as? [String: Any],
          let pipeline = (health["pipelines"] as? [String: Any])?["surface"] as? [String: Any]
        else { return false }
        return pipeline["state"] as? String == state
      }
    }

    /// Detections that come from now on until the second health message from now.
    func detectionsInAWhile() -> Int {
      let (before, health) = (watcher.count("/detections"), watcher.count("/health"))
      #expect(watcher.wait(for: health + 2, of: "/health"))
      return watcher.count("/detections") - before
    }

    func publish(_ payload: [UInt8]) throws { try watcher.publish(OutgoingMessage(topic: "swiftlet/v1/plant-a/line-3/command", payload: payload)) }
  }

  @Test func `a paused inspection stands still, also over a restart, until it is told to resume`() throws {
    let plant = try Plant()
    let daemon = try plant.daemon()
    #expect(plant.watcher.wait(for: 3, of: "/detections"))
    #expect(try plant.order("pause", ["--of", "surface", "--reason", "new tool"]).outcome == "done", "\(daemon.errorText)")
    #expect(plant.isHealth("paused") && daemon.waitForError("paused by the fleet: surface: new tool"), "\(daemon.errorText)")
    // A frame that was being worked on, and its way through the outbox.
    _ = plant.detectionsInAWhile()
    #expect(plant.detectionsInAWhile() == 0, "\(daemon.errorText)")
    daemon.signal(SIGKILL)
    _ = daemon.waitForEnd()
    let again = try plant.scene.daemon()
    #expect(again.waitForError("pipeline surface: paused by a command of the fleet"), "\(again.errorText)")
    #expect(plant.isHealth("paused"))
    #expect(plant.detectionsInAWhile() == 0, "\(again.errorText)")
    #expect(try plant.order("resume", ["--of", "other"]).reason.contains("there is no pipeline ‘other’ here; there are: surface"))
    #expect(try plant.order("resume").outcome == "done", "\(again.errorText)")
    let count = plant.watcher.count("/detections")
    #expect(plant.watcher.wait(for: count + 3, of: "/detections") && plant.isHealth("running"), "\(again.errorText)")
    again.signal(SIGTERM)
    #expect(again.waitForEnd() == 0, "\(again.errorText)")
    #expect(try plant.watcher.complaints(expecting: ["command=3", "command-reply=3", "health=4"]) == "")
  }

  @Test func `a device that is told to goes back to the version before, and doesn't take the other one again`() throws {
    let plant = try Plant()
    let daemon = try plant.daemon()
    try plant.fleet.release(FixedPackage.bytes(version: "2", golden: FixedPackage.golden))
    #expect(plant.watcher.waitFor("installed", "2") != nil, "\(daemon.errorText)")
    let answer = try plant.order("roll-back", ["--of", "fixed", "--reason", "it misses stains"])
    #expect(answer.outcome == "done" && answer.reason == "fixed 2 gave way to 1", "\(answer) \(daemon.errorText)")
    let model = try #require(plant.watcher.waitFor("rolled back", "2"), "\(daemon.errorText)")
    #expect((model["last"] as? [String: Any])?["reason"] as? String == "it misses stains")
    #expect((model["active"] as? [String: Any])?["version"] as? String == "1" && plant.watcher.waitForVersions("1", "2", "1"))
    #expect(try plant.order("roll-back", ["--of", "fixed"]).outcome == "refused")
    #expect(try plant.order("roll-back", ["--of", "gone"]).reason.contains("gone"))
  }

  @Test func `whoever has the broker's password stops no inspection`() throws {
    let plant = try Plant()
    let daemon = try plant.daemon()
    let other = try Fleet(plant.broker)
    #expect(try plant.order("pause", by: other).reason.hasPrefix("unsigned: "), "\(daemon.errorText)")
    // Unsigned, and with a signature of nothing.
    let key = #"{"keyid":"\r\n<3>forged\u001b[2J","sig":""}"#
    for payload in [
      #"{"schema":1,"command":"pause"}"#, #"{"schema":1,"signed":{"command":"pause"},"signatures":[]}"#,
      #"{"schema":1,"signed":{"command":"pause"},"signatures":[\#(key),\#(key)]}"#,
    ] {
      let count = plant.watcher.count("/command/reply")
      try plant.publish(Array(payload.utf8))
      #expect(plant.watcher.wait(for: count + 1, of: "/command/reply"))
    }
    #expect(!daemon.errorText.contains("\u{1B}") && !daemon.errorText.contains("\r"), "\(daemon.errorText)")
    // A real one, taken off the broker, held back and given again.
    #expect(try plant.order("pause").outcome == "done")
    let pause = try #require(plant.watcher.messages.all.last { $0.topic.hasSuffix("line-3/command") }).payload
    #expect(try plant.order("resume").outcome == "done")
    let count = plant.watcher.count("/command/reply")
    try plant.publish(pause)
    #expect(plant.watcher.wait(for: count + 1, of: "/command/reply"))
    daemon.signal(SIGKILL)
    _ = daemon.waitForEnd()
    let again = try plant.scene.daemon()
    #expect(again.waitForError("obeys"))
    try plant.publish(pause)
    #expect(plant.watcher.wait(for: count + 2, of: "/command/reply"))
    let replies = plant.watcher.messages.all.filter { $0.topic.hasSuffix("/command/reply") }.suffix(2).map { String(decoding: $0.payload, as: UTF8.self) }
    #expect(replies.allSatisfy { $0.contains("\"refused\"") && $0.contains("replay") }, "\(replies)")
    #expect(plant.isHealth("running"))
    let detections = plant.watcher.count("/detections")
    #expect(plant.watcher.wait(for: detections + 3, of: "/detections"), "\(again.errorText)")
  }

  @Test func `an order finds a device that was away, unless its time is over`() throws {
    let plant = try Plant()
    let daemon = try plant.daemon()
    daemon.signal(SIGTERM)
    #expect(daemon.waitForEnd() == 0)
    #expect(try plant.order("pause", ["--wait", "1"]).outcome == "none")
    let again = try plant.scene.daemon()
    #expect(again.waitForError("paused by the fleet: surface"), "\(again.errorText)")
    #expect(plant.isHealth("paused"))
  }
}
