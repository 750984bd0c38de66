import Foundation
import MQTTTransport
import TestBroker
import Testing

/// Commands over a real broker to the daemon itself.
@Suite(.enabled(if: RealBroker.isAvailable), .serialized) struct CommandTests {
  /// Gives commands, and hears what the device answers.
  private final class Operator: Sendable {
    let connection: BrokerConnection
    let replies = Recorder<IncomingMessage>()

    init(_ broker: RealBroker, user: (name: String, password: String)? = nil) throws {
      var settings = BrokerSettings(address: try BrokerAddress(parsing: broker.url), clientID: "operator")
      (settings.username, settings.password) = (user?.name, user?.password)
      connection = try BrokerConnection(settings)
      let granted = Recorder<SubscriptionOutcome>()
      try connection.subscribe(to: "swiftlet/v1/+/+/command/reply", completion: { granted.append($0) }) { [replies] in replies.append($0) }
      try connection.start()
      guard granted.wait(until: { $0 == [.granted] }) else { throw RealBroker.Failure(description: "the operator isn't connected") }
    }

    deinit { connection.stop() }

    func say(_ command: String, _ correlation: String, isRetained: Bool = false) throws {
      try connection.publish(
        OutgoingMessage(
          topic: "swiftlet/v1/plant-a/line-3/command", payload: Array("{\"schema\":1,\"command\":\"\(command)\"}".utf8), isRetained: isRetained,
          correlationData: Array(correlation.utf8)))
    }

    /// Asks again where the last reload was too short ago.
    func reload(_ correlation: String) throws -> [String: Any]? {
      for attempt in 0..<600 {
        try say("reload", "\(correlation)-\(attempt)")
        guard let reply = reply(to: "\(correlation)-\(attempt)") else { return nil }
        guard (reply["reason"] as? String)?.contains("ask again in") == true else { return reply }
        Thread.sleep(forTimeInterval: 0.1)
      }
      return nil
    }

    func reply(to correlation: String) -> [String: Any]? {
      let isIt = { (message: IncomingMessage) in message.correlationData == Array(correlation.utf8) }
      return replies.first(limit: 60, where: isIt).flatMap { try? JSONSerialization.jsonObject(with: Data($0.payload)) as? [String: Any] }
    }
  }

  private func broker() throws -> RealBroker {
    var options = RealBroker.Options()
    options.extraLines = ["log_type all"]
    return try RealBroker(options)
  }

  private func log(of broker: RealBroker) throws -> String { try String(contentsOf: broker.folder.appendingPathComponent("log"), encoding: .utf8) }

  @Test func `reload applies a changed configuration and says so, and refuses a bad one with its mistakes`() throws {
    let broker = try broker()
    let fleet = try Operator(broker)
    let watcher = try Watcher(broker)
    let scene = try Scene()
    scene.mqtt = "{url: \"\(broker.url)\", commands: [reload, status]}"
    let daemon = try scene.daemon()
    #expect(daemon.waitForError("obeys reload, status on swiftlet/v1/plant-a/line-3/command"), "\(daemon.errorText)")
    try fleet.say("status", "before")
    let before = try #require(fleet.reply(to: "before"), "\(daemon.errorText)")
    let status = try #require(before["status"] as? [String: Any])
    #expect(before["outcome"] as? String == "done" && (status["pipelines"] as? [String: Any])?.keys.sorted() == ["surface"])
    scene.pipeline = "{camera: top, model: gone, threshold: 7}"
    try scene.write()
    try fleet.say("reload", "bad")
    let bad = try #require(fleet.reply(to: "bad"), "\(daemon.errorText)")
    #expect(bad["outcome"] as? String == "refused" && bad["command"] as? String == "reload")
    let reason = bad["reason"] as? String ?? ""
    #expect(reason.contains("gone.swiftlet does not exist") && reason.contains("threshold"), "\(reason)")
    scene.pipeline = "{camera: top, model: fixed}"
    scene.camera = "{source: \"folder:images\", frame_rate: 7}"
    try scene.write()
    let good = try #require(try fleet.reload("good"), "\(daemon.errorText)")
    #expect(good["outcome"] as? String == "done" && good["reason"] is NSNull)
    #expect(daemon.waitForError("at 7.0 frames/s", "at 7 frames/s"), "\(daemon.errorText)")
    try fleet.say("reload", "again")
    #expect((fleet.reply(to: "again")?["reason"] as? String)?.contains("ask again in") == true)
    daemon.signal(SIGTERM)
    #expect(daemon.waitForEnd() == 0, "\(daemon.errorText)")
    #expect(watcher.wait(for: 4, of: "/command/reply"))
    #expect(try watcher.complaints(expecting: ["command=4", "command-reply=4", "detections=1"]) == "")
  }

  @Test func `a reload of what runs already touches nothing, another package under the same name is a change`() throws {
    let broker = try broker()
    let fleet = try Operator(broker)
    let watcher = try Watcher(broker)
    let scene = try Scene()
    scene.mqtt = "{url: \"\(broker.url)\", commands: [reload]}"
    let daemon = try scene.daemon()
    #expect(daemon.waitForError("obeys reload on swiftlet/v1/plant-a/line-3/command"), "\(daemon.errorText)")
    // Told at each beginning and each end.
    #expect(watcher.wait(for: 1, of: "/state") && watcher.wait(for: 2, of: "/detections"), "\(daemon.errorText)")
    let same = try #require(try fleet.reload("same"), "\(daemon.errorText)")
    #expect(same["outcome"] as? String == "done" && (same["reason"] as? String)?.contains("nothing has changed") == true, "\(same)")
    #expect(watcher.count("/state") == 1, "\(daemon.errorText)")
    let copy = scene.package.appendingPathExtension("new")
    try Data(contentsOf: scene.package).write(to: copy)
    #expect(unsafe rename(copy.path, scene.package.path) == 0)
    let other = try #require(try fleet.reload("other"), "\(daemon.errorText)")
    #expect(other["outcome"] as? String == "done" && other["reason"] is NSNull, "\(other)")
    #expect(watcher.wait(for: 3, of: "/state"), "\(daemon.errorText)")
    daemon.signal(SIGTERM)
    #expect(daemon.waitForEnd() == 0, "\(daemon.errorText)")
  }

  @Test func `a configuration that can't even begin gives way to the one before`() throws {
    let broker = try broker()
    let watcher = try Watcher(broker)
    let scene = try Scene()
    scene.mqtt = "{url: \"\(broker.url)\"}"
    let daemon = try scene.daemon()
    #expect(watcher.wait(for: 2, of: "/detections"), "\(daemon.errorText)")
    // Sparkplug's devices can't differ by capitals alone, which shows only as they are born.
    scene.mqtt = "{url: \"\(broker.url)\", encoding: sparkplug}"
    let text = try String(contentsOfFile: try scene.write(), encoding: .utf8) + "  Surface: {camera: top, model: fixed}\n"
    try text.write(toFile: scene.configuration, atomically: true, encoding: .utf8)
    daemon.signal(SIGHUP)
    #expect(daemon.waitForError("the new configuration can't run, the old one goes on"), "\(daemon.errorText)")
    let count = watcher.count("/detections")
    #expect(watcher.wait(for: count + 3, of: "/detections"), "\(daemon.errorText)")
    daemon.signal(SIGTERM)
    #expect(daemon.waitForEnd() == 0, "\(daemon.errorText)")
  }

  @Test func `a configuration that can't run is answered with the reason, and the old one obeys on`() throws {
    let broker = try broker()
    let fleet = try Operator(broker)
    let scene = try Scene()
    scene.mqtt = "{url: \"\(broker.url)\", commands: [reload, status]}"
    scene.pipeline = "{camera: top, model: state/models/fixed.swiftlet}"
    let daemon = try scene.daemon()
    #expect(daemon.waitForError("obeys reload, status on swiftlet/v1/plant-a/line-3/command"), "\(daemon.errorText)")
    let storage = scene.storage
    scene.storage = "{path: /proc/none, outbox: 10 MB}"
    try scene.write()
    try fleet.say("reload", "1")
    let reply = try #require(fleet.reply(to: "1"), "\(daemon.errorText)")
    #expect(reply["outcome"] as? String == "failed" && (reply["reason"] as? String)?.contains("/proc/none") == true, "\(reply)")
    scene.storage = storage
    try fleet.say("status", "2")
    #expect(fleet.reply(to: "2")?["outcome"] as? String == "done", "\(daemon.errorText)")
  }

  @Test func `a retained command is passed over at each connection`() throws {
    let broker = try broker()
    let fleet = try Operator(broker)
    try fleet.say("reload", "retained", isRetained: true)
    let scene = try Scene()
    scene.mqtt = "{url: \"\(broker.url)\", commands: [reload, status]}"
    let daemon = try scene.daemon()
    #expect(daemon.waitForError("a retained command on swiftlet/v1/plant-a/line-3/command is passed over"), "\(daemon.errorText)")
    try fleet.say("status", "after")
    let reply = try #require(fleet.reply(to: "after"), "\(daemon.errorText)")
    #expect(((reply["status"] as? [String: Any])?["commands"] as? [String: Int])?["retained"] == 1)
    #expect(fleet.replies.all.count == 1 && !daemon.errorText.contains("command reload"))
  }

  @Test func `without commands in the configuration nothing is subscribed to`() throws {
    let broker = try broker()
    let watcher = try Watcher(broker)
    let scene = try Scene()
    for (setting, isSubscribed) in [("", false), (", commands: []", false), (", commands: [status]", true)] {
      scene.mqtt = "{url: \"\(broker.url)\", session_expiry: 0 s\(setting)}"
      let daemon = try scene.daemon()
      let before = watcher.count("/surface/detections")
      #expect(watcher.wait(for: before + 2, of: "/surface/detections"), "\(daemon.errorText)")
      daemon.signal(SIGTERM)
      #expect(daemon.waitForEnd() == 0, "\(daemon.errorText)")
      #expect(try log(of: broker).contains("SUBSCRIBE from swiftlet-plant-a-line-3") == isSubscribed, "\(setting)")
    }
  }
}
