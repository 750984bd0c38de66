import Foundation
import MQTTTransport
import TestBroker
import TestPackages

/// The fleet manager's side of a test: a release folder, the commands, and what a device says on `models`.
final class Fleet: Sendable {
  struct Failure: Error, CustomStringConvertible { let description: String }

  let folder: URL
  let broker: RealBroker
  let channel = "line-a"

  /// Makes the keys and the first metadata.
  init(_ broker: RealBroker) throws {
    self.broker = broker
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-fleet-\(UUID().uuidString)")
    try run("init", "--root-keys", "1", "--root-threshold", "1")
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  var root: String { folder.appendingPathComponent("metadata/1.root.json").path }

  /// `swiftlet release COMMAND FOLDER …`
  @discardableResult
  func run(_ command: String, _ arguments: String...) throws -> String {
    let program = try RunningProgram("swiftlet", ["release", command, folder.path] + arguments, environment: ["SWIFTLET_PASSPHRASE": "gloves on"])
    guard program.waitForEnd() == 0 else { throw Failure(description: "release \(command): \(program.errorText)") }
    return program.outputText
  }

  /// Takes a package in, for all devices of the channel, or for a share of them ("40%").
  func take(_ package: [UInt8], share: String = "100%") throws {
    let file = folder.appendingPathComponent("incoming.swiftlet")
    try Data(package).write(to: file)
    try run("add", file.path, "--channel", channel, "--share", share)
  }

  /// Takes a package in and publishes.
  func release(_ package: [UInt8]) throws {
    try take(package)
    try publish()
  }

  /// The release as files; the folder's path.
  func export() throws -> String {
    let out = folder.appendingPathComponent("out-\(UUID().uuidString)")
    try run("export", out.path)
    return out.path
  }

  /// The release as retained messages, the timestamp last.
  func exported() throws -> [OutgoingMessage] {
    let out = URL(fileURLWithPath: try export())
    var messages: [OutgoingMessage] = []
    for part in ["blocks", "metadata"] {
      let names = try FileManager.default.contentsOfDirectory(atPath: out.appendingPathComponent(part).path)
      for name in names.filter({ $0 != "timestamp" }).sorted() + names.filter({ $0 == "timestamp" }) {
        let bytes = [UInt8](try Data(contentsOf: out.appendingPathComponent("\(part)/\(name)")))
        messages.append(OutgoingMessage(topic: "swiftlet/v1/releases/\(part)/\(name)", payload: bytes, isRetained: true))
      }
    }
    return messages
  }

  func publish() throws { try run("publish", "--broker", broker.url) }

  /// Of the timestamp that was published last.
  func timestampVersion() throws -> Int {
    let bytes = try Data(contentsOf: folder.appendingPathComponent("metadata/timestamp.json"))
    let file = try JSONSerialization.jsonObject(with: bytes) as? [String: Any]
    guard let version = (file?["signed"] as? [String: Any])?["version"] as? Int else { throw Failure(description: "the timestamp has no version") }
    return version
  }

  /// The configuration's `updates` for a device of the channel.
  func updates(watch: String = "2 s", shadow: String? = nil, spread: String = "0 s") -> String {
    "{channel: \(channel), root: \(root), watch: \(watch), spread: \(spread), patience: 1 s\(shadow.map { ", shadow: \($0)" } ?? "")}"
  }

  /// A package of the name and version whose run takes thousands of times as long as `FixedPackage`'s.
  static func slowPackage(version: String) throws -> [UInt8] {
    try RolledOutModel.demo { manifest, _ in (manifest.name, manifest.version, manifest.golden) = ("fixed", version, nil) }
  }
}

extension Watcher {
  /// Seconds. A trial beside the line runs at the lowest priority: a busy machine makes it take long.
  private static let patience = 240.0

  /// The device's latest word on its model, once `isEnough` holds for it.
  func model(_ name: String = "fixed", until isEnough: ([String: Any]) -> Bool) -> [String: Any]? {
    func latest(_ messages: [IncomingMessage]) -> [String: Any]? {
      guard let message = messages.last(where: { $0.topic.hasSuffix("/models") }),
        let payload = try? JSONSerialization.jsonObject(with: Data(message.payload)) as? [String: Any]
      else { return nil }
      return (payload["models"] as? [String: Any])?[name] as? [String: Any]
    }
    _ = messages.wait(limit: Self.patience) { latest($0).map(isEnough) ?? false }
    return latest(messages.all)
  }

  /// Waits until the last attempt ended so.
  func waitFor(_ outcome: String, _ version: String, of name: String = "fixed") -> [String: Any]? {
    let model = model(name) { model in
      let last = model["last"] as? [String: Any]
      return last?["outcome"] as? String == outcome && last?["version"] as? String == version
    }
    let last = model?["last"] as? [String: Any]
    return last?["outcome"] as? String == outcome && last?["version"] as? String == version ? model : nil
  }

  /// What the device last said of the fleet's metadata, once it says `outcome`.
  func waitForCheck(_ outcome: String, about text: String = "") -> Bool {
    messages.wait(limit: Self.patience) { messages in
      guard let message = messages.last(where: { $0.topic.hasSuffix("/models") }),
        let payload = try? JSONSerialization.jsonObject(with: Data(message.payload)) as? [String: Any]
      else { return false }
      let metadata = payload["metadata"] as? [String: Any]
      return metadata?["outcome"] as? String == outcome && (text.isEmpty || (metadata?["reason"] as? String)?.contains(text) == true)
    }
  }

  /// Versions of the model in detections, in order, each run of equal ones once.
  var detectedVersions: [String] { Self.versions(messages.all) }

  /// Waits until detections have come from these versions, in this order.
  func waitForVersions(_ expected: String...) -> Bool { messages.wait(limit: Self.patience) { Self.versions($0) == expected } }

  func waitForLastVersion(_ expected: String) -> Bool { messages.wait(limit: Self.patience) { Self.versions($0).last == expected } }

  private static func versions(_ messages: [IncomingMessage]) -> [String] {
    var versions: [String] = []
    for message in messages {
      if let version = version(message), versions.last != version { versions.append(version) }
    }
    return versions
  }

  /// Of the model that a message's detections are from; nil for any other message.
  static func version(_ message: IncomingMessage) -> String? {
    guard message.topic.hasSuffix("/detections") else { return nil }
    let payload = try? JSONSerialization.jsonObject(with: Data(message.payload)) as? [String: Any]
    return (payload?["model"] as? [String: Any])?["version"] as? String
  }
}
