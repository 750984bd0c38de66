import Foundation
import ModelFormat
import ModelManifest
import MQTTTransport
import TestBroker
import Testing
import Updates

/// A channel of real daemons with simulated cameras, a keeper and whoever watches, all of them programs, around one broker.
final class Rollout: CustomStringConvertible {
  /// One daemon with its own folder.
  final class Device {
    let name: String
    let scene: Scene
    private(set) var daemon: RunningProgram

    init(_ name: String, _ model: RolledOutModel, broker: RealBroker, updates: String) throws {
      (self.name, scene) = (name, try Scene())
      scene.device = "{id: \(name), site: plant-a}"
      scene.mqtt = "{url: \"\(broker.url)\"}"
      scene.camera = "{source: \"simulated:conveyor\", frame_rate: 2, size: 320x240}"
      try FileManager.default.removeItem(at: scene.package)
      scene.pipeline = "{camera: top, model: \(model.name)}"
      scene.updates = updates
      daemon = try scene.daemon()
    }

    /// Ends it without order and starts it again, as systemd does with one that crashed.
    func crash() throws {
      daemon.signal(SIGKILL)
      _ = daemon.waitForEnd()
      daemon = try scene.daemon()
      #expect(daemon.waitForError("connected to the broker"), "\(daemon.errorText)")
    }

    func configure(updates: String) throws {
      scene.updates = updates
      try scene.write()
      let said = "applying the new configuration"
      let count = daemon.errorText.components(separatedBy: said).count
      daemon.signal(SIGHUP)
      #expect(daemon.waitForError(said, times: count), "\(daemon.errorText)")
    }
  }

  let model: RolledOutModel
  let broker: RealBroker
  let fleet: Fleet
  let watcher: Watcher
  let devices: [Device]
  /// The share of devices that a staged release is for, and these devices.
  let share: String
  let first: Set<String>
  /// How long a trial takes, and over what time devices spread their downloads.
  private let (time, spread): (String, String)
  let keeper: RunningProgram
  /// `swiftlet release watch --json`, with a trusted root.
  let watch: RunningProgram

  /// - Parameters:
  ///   - count: devices.
  ///   - firstCount: of these, those that a staged release goes to.
  ///   - time: of a trial.
  init(_ model: RolledOutModel, count: Int, firstCount: Int, watch time: String, spread: String, haltAbove: String, least: Int) throws {
    (self.model, self.time, self.spread) = (model, time, spread)
    broker = try RealBroker()
    fleet = try Fleet(broker)
    watcher = try Watcher(broker)
    // Who goes first follows from the names.
    let names = (1...count).map { "line-\($0)" }
    let buckets = names.map { DeviceGroup.bucket(of: "plant-a/\($0)") }
    let limit = buckets.sorted()[firstCount - 1] + 1
    share = "\(limit / 100).\(String(format: "%02d", limit % 100))%"
    first = Set(zip(names, buckets).filter { $1 < limit }.map(\.0))
    let folder = fleet.folder.appendingPathComponent("keeper")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: fleet.root, toPath: folder.appendingPathComponent("root.json").path)
    let keys = fleet.folder.appendingPathComponent("keys").path
    keeper = try RunningProgram(
      "swiftlet",
      [
        "release", "keeper", "--metadata", folder.path, "--broker", broker.url, "--halt-above", haltAbove, "--least", "\(least)", "--json",
        "--timestamp-key", "\(keys)/timestamp-1.pem", "--halt-key", "\(keys)/halt-1.pem",
      ], environment: ["SWIFTLET_PASSPHRASE": "gloves on"])
    watch = try RunningProgram("swiftlet", ["release", "watch", "--broker", broker.url, "--root", fleet.root, "--json"])
    let (broker, updates) = (broker, fleet.updates(watch: time, spread: spread))
    devices = try names.map { try Device($0, model, broker: broker, updates: updates) }
  }

  deinit { for program in [keeper, watch] + devices.map(\.daemon) { program.signal(SIGKILL) } }

  /// Those that a staged release goes to.
  var takers: [Device] { devices.filter { first.contains($0.name) } }

  /// Gives those that a staged release goes to another time for a trial; nil is their own.
  func configureTakers(watch other: String?) throws {
    for device in takers { try device.configure(updates: fleet.updates(watch: other ?? time, spread: spread)) }
  }

  /// Whether `isEnough` comes to hold for the latest word of each device.
  func wait(_ what: String, of names: Set<String>? = nil, until isEnough: (DeviceWord) -> Bool) -> Bool {
    let wanted = names ?? Set(devices.map(\.name))
    let isOver = watcher.messages.wait(limit: 60) { messages in
      let words = DeviceWord.latest(messages)
      return wanted.allSatisfy { words[$0].map(isEnough) ?? false }
    }
    #expect(isOver, "\(what): \(self)")
    return isOver
  }

  var description: String {
    let words = DeviceWord.latest(watcher.messages.all)
    return "first \(first.sorted()): \(words.values.map(\.description).sorted()), keeper: \(keeper.outputText)\(keeper.errorText)"
  }

  /// What `watch` shows at this moment, as its table.
  func table() throws -> String {
    let program = try RunningProgram("swiftlet", ["release", "watch", "--broker", broker.url, "--once"])
    #expect(program.waitForEnd() == 0, "\(program.errorText)")
    return program.outputText
  }

  /// The same as JSON, by device.
  func rows() throws -> [String: [String: Any]] {
    let program = try RunningProgram("swiftlet", ["release", "watch", "--broker", broker.url, "--once", "--json"])
    #expect(program.waitForEnd() == 0, "\(program.errorText)")
    var rows: [String: [String: Any]] = [:]
    for line in program.outputText.split(separator: "\n") {
      let row = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
      rows[(row["device"] as? String ?? "").replacingOccurrences(of: "plant-a/", with: "")] = row
    }
    return rows
  }

  /// Every version that a device has said it runs, tries or tried, or sent results of.
  func versions(met device: String) -> Set<String> {
    var versions: Set<String> = []
    for message in watcher.messages.all where message.topic.hasPrefix("swiftlet/v1/plant-a/\(device)/") {
      if let version = Watcher.version(message) { versions.insert(version) }
      if let word = DeviceWord(message) { versions.formUnion([word.active, word.candidate, word.lastVersion].compactMap(\.self)) }
    }
    return versions
  }
}

/// What one `models` message says of the model.
struct DeviceWord: CustomStringConvertible {
  let device: String
  let timestamp: Int
  let check: String
  let active: String?
  let candidate: String?
  let lastVersion: String?
  let outcome: String?
  let code: String?

  /// Nil for any other message.
  init?(_ message: IncomingMessage) {
    let levels = message.topic.split(separator: "/")
    guard levels.count == 5, levels[4] == "models", let payload = try? JSONSerialization.jsonObject(with: Data(message.payload)) as? [String: Any],
      let metadata = payload["metadata"] as? [String: Any], let model = (payload["models"] as? [String: Any])?.values.first as? [String: Any]
    else { return nil }
    func text(_ slot: String, _ member: String) -> String? { (model[slot] as? [String: Any])?[member] as? String }
    device = String(levels[3])
    (timestamp, check) = (metadata["timestamp"] as? Int ?? 0, metadata["outcome"] as? String ?? "")
    (active, candidate, lastVersion) = (text("active", "version"), text("candidate", "version"), text("last", "version"))
    (outcome, code) = (text("last", "outcome"), text("last", "code"))
  }

  static func latest(_ messages: [IncomingMessage]) -> [String: DeviceWord] {
    var words: [String: DeviceWord] = [:]
    for message in messages.reversed() where message.topic.hasSuffix("/models") {
      let device = String(message.topic.split(separator: "/").dropFirst(3).first ?? "")
      if words[device] == nil { words[device] = DeviceWord(message) }
    }
    return words
  }

  var description: String {
    "\(device): runs \(active ?? "none"), on its way \(candidate ?? "none"), \(lastVersion ?? "") \(outcome ?? "") \(code ?? ""), \(check) \(timestamp)"
  }
}
