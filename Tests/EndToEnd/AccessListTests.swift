import Foundation
import MQTTTransport
import TestBroker
import Testing

/// The shipped access list for mosquitto, with a device and with somebody who has stolen its password.
@Suite(.enabled(if: RealBroker.isAvailable), .serialized) struct AccessListTests {
  private static let device = (name: "line-3", password: "d3v1ce"), supervisor = (name: "supervisor", password: "5up3r")
  private static let releaser = (name: "releaser", password: "r3l3as3r")

  private func broker() throws -> RealBroker {
    let list = Programs.packageRoot.appendingPathComponent("Packaging/acl/mosquitto.acl")
    var options = RealBroker.Options()
    options.user = Self.device
    options.moreUsers = [Self.supervisor, Self.releaser]
    options.accessList = try String(contentsOf: list, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    return try RealBroker(options)
  }

  @Test func `an agent has all that it needs`() throws {
    let broker = try broker()
    let watcher = try Watcher(broker, user: Self.supervisor)
    let scene = try Scene()
    scene.mqtt = "{url: \"\(broker.url)\", username: \(Self.device.name), password: {file: password}, health_interval: 1 s, commands: [status]}"
    try Data("\(Self.device.password)\n".utf8).write(to: scene.folder.appendingPathComponent("password"))
    let daemon = try scene.daemon()
    #expect(watcher.wait(for: 5, of: "/surface/detections"), "\(daemon.errorText)")
    #expect(watcher.wait(for: 1, of: "/health") && watcher.wait(for: 1, of: "/state"))
    #expect(daemon.waitForError("obeys status on"), "\(daemon.errorText)")
    try watcher.publish(OutgoingMessage(topic: "swiftlet/v1/plant-a/line-3/command", payload: Array("{\"schema\":1,\"command\":\"status\"}".utf8)))
    #expect(watcher.wait(for: 1, of: "/command/reply"), "\(daemon.errorText)")
    daemon.signal(SIGTERM)
    #expect(daemon.waitForEnd() == 0, "\(daemon.errorText)")
    #expect(watcher.waitForState("offline"))
  }

  @Test func `who has a device's password writes to its own topics alone, and gives no commands`() throws {
    let broker = try broker()
    var settings = BrokerSettings(address: try BrokerAddress(parsing: broker.url), clientID: "thief")
    (settings.username, settings.password) = Self.device
    let connection = try BrokerConnection(settings)
    let states = Recorder<BrokerState>()
    connection.onStateChange { states.append($0) }
    try connection.start()
    defer { connection.stop() }
    #expect(states.wait { $0.contains(where: \.isConnected) })
    let own = "swiftlet/v1/plant-a/line-3"
    let topics = [
      ("\(own)/surface/detections", true), ("\(own)/state", true), ("\(own)/command", false), ("\(own)/command/reply", true),
      ("swiftlet/v1/plant-a/line-4/command/reply", false), ("swiftlet/v1/plant-a/line-4/surface/detections", false),
      ("swiftlet/v1/plant-a/line-4/command", false), ("swiftlet/v1/plant-b/line-3/state", false), ("swiftlet/v1/releases/metadata/timestamp", false),
      ("elsewhere", false),
    ]
    for (topic, isAllowed) in topics {
      let outcomes = Recorder<DeliveryOutcome>()
      try connection.publish(OutgoingMessage(topic: topic, payload: [1])) { outcomes.append($0) }
      let outcome = try #require(outcomes.first { _ in true })
      #expect((outcome == .acknowledged) == isAllowed, "\(topic): \(outcome)")
    }
  }

  @Test func `who has a device's password hears its own commands alone, and nobody's replies`() throws {
    let broker = try broker()
    let watcher = try Watcher(broker, user: Self.supervisor)
    var settings = BrokerSettings(address: try BrokerAddress(parsing: broker.url), clientID: "thief")
    (settings.username, settings.password) = Self.device
    let connection = try BrokerConnection(settings)
    let granted = Recorder<SubscriptionOutcome>()
    let heard = Recorder<String>()
    // This broker grants any subscription, and keeps back what isn't for the subscriber.
    for filter in ["swiftlet/v1/+/+/command", "swiftlet/v1/+/+/command/reply"] {
      try connection.subscribe(to: filter, completion: { granted.append($0) }) { heard.append($0.topic) }
    }
    try connection.start()
    defer { connection.stop() }
    #expect(granted.wait { $0.count == 2 })
    let own = "swiftlet/v1/plant-a/line-3"
    try connection.publish(OutgoingMessage(topic: "\(own)/command/reply", payload: [1]))
    for topic in ["swiftlet/v1/plant-a/line-4/command", "swiftlet/v1/plant-b/line-3/command", "\(own)/command"] {
      try watcher.publish(OutgoingMessage(topic: topic, payload: [1]))
    }
    #expect(heard.wait { $0.contains("\(own)/command") } && watcher.wait(for: 1, of: "/command/reply"))
    #expect(heard.all == ["\(own)/command"])
  }

  @Test func `the releaser publishes, a device can't`() throws {
    let broker = try broker()
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-access-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let fleet = folder.appendingPathComponent("fleet").path
    let made = try RunningProgram("swiftlet", ["release", "init", fleet, "--unencrypted"])
    #expect(made.waitForEnd() == 0, "\(made.errorText)")
    for (user, status) in [(Self.device, Int32(1)), (Self.releaser, 0)] {
      let password = folder.appendingPathComponent(user.name)
      try Data("\(user.password)\n".utf8).write(to: password)
      let publish = try RunningProgram(
        "swiftlet", ["release", "publish", fleet, "--broker", broker.url, "--username", user.name, "--password-file", password.path])
      #expect(publish.waitForEnd() == status, "\(user.name): \(publish.errorText)")
      if status == 1 { #expect(publish.errorText.contains("refuses swiftlet/v1/releases/"), "\(publish.errorText)") }
    }
    for user in [Self.releaser, Self.supervisor] {
      let password = folder.appendingPathComponent(user.name)
      try Data("\(user.password)\n".utf8).write(to: password)
      let watch = try RunningProgram(
        "swiftlet",
        ["release", "watch", "--once", "--folder", fleet, "--broker", broker.url, "--username", user.name, "--password-file", password.path])
      #expect(watch.waitForEnd() == 0, "\(user.name): \(watch.errorText)")
    }
  }
}
