import Foundation
import MQTTTransport
import TestBroker
import TestPackages
import Testing

/// A folder with images, a package in a store, and a configuration that uses both.
final class Scene: @unchecked Sendable {
  let folder: URL
  /// The configuration's parts; `write` puts them together.
  var device = "{id: line-3, site: plant-a}"
  var mqtt = ""
  var camera: String
  var pipeline = "{camera: top, model: fixed}"
  var storage: String
  var updates = ""

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-scene-\(UUID().uuidString)")
    storage = "{path: state, outbox: 10 MB}"
    camera = "{source: \"folder:images\", frame_rate: 20}"
    for name in ["images", "state/models"] {
      try FileManager.default.createDirectory(at: folder.appendingPathComponent(name), withIntermediateDirectories: true)
    }
    try Data(FixedPackage.bytes()).write(to: package)
    try Self.fill(folder.appendingPathComponent("images"))
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  var package: URL { folder.appendingPathComponent("state/models/fixed.swiftlet") }
  var configuration: String { folder.appendingPathComponent("swiftlet.yaml").path }

  /// Writes the configuration and gives its path.
  @discardableResult
  func write() throws -> String {
    var lines = ["device: \(device)", "storage: \(storage)"]
    if !mqtt.isEmpty { lines.append("mqtt: \(mqtt)") }
    lines += ["cameras:", "  top: \(camera)", "pipelines:", "  surface: \(pipeline)"]
    if !updates.isEmpty { lines.append("updates: \(updates)") }
    lines.append("")
    try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: configuration))
    return configuration
  }

  /// Takes the camera's images away, or brings them back.
  func showImages(_ areThere: Bool) throws {
    let (images, aside) = (folder.appendingPathComponent("images"), folder.appendingPathComponent("aside"))
    try FileManager.default.moveItem(at: areThere ? aside : images, to: areThere ? images : aside)
  }

  func daemon() throws -> RunningProgram { try RunningProgram("swiftletd", ["--config", try write()]) }

  /// Photographs where there are any, else drawn images.
  private static func fill(_ images: URL) throws {
    if let photographs = Programs.photographs {
      for name in try FileManager.default.contentsOfDirectory(atPath: photographs.path) where name.hasSuffix(".jpg") || name.hasSuffix(".bmp") {
        try FileManager.default.copyItem(at: photographs.appendingPathComponent(name), to: images.appendingPathComponent(name))
      }
      return
    }
    for number in 0..<4 {
      let pixels = (0..<48 * 32 * 3).map { UInt8(truncatingIfNeeded: $0 * (number + 3)) }
      try (Data("P6\n48 32\n255\n".utf8) + Data(pixels)).write(to: images.appendingPathComponent("\(number).ppm"))
    }
  }
}

/// Listens at a broker and keeps everything, as `TOPIC PAYLOAD` lines for the validating script.
final class Watcher: Sendable {
  let messages = Recorder<IncomingMessage>()
  private let connection: BrokerConnection

  init(_ broker: RealBroker, authority: TestAuthority? = nil, user: (name: String, password: String)? = nil, also filter: String? = nil) throws {
    var settings = BrokerSettings(address: try BrokerAddress(parsing: broker.url), clientID: "watcher")
    (settings.username, settings.password) = (user?.name, user?.password)
    if let authority {
      settings.tls = .init(authority: authority.certificate, certificate: authority.client.certificate, key: authority.client.key)
    }
    connection = try BrokerConnection(settings)
    let granted = Recorder<SubscriptionOutcome>()
    try connection.subscribe(to: "swiftlet/v1/#", completion: { granted.append($0) }) { [messages] in messages.append($0) }
    if let filter { try connection.subscribe(to: filter) { [messages] in messages.append($0) } }
    try connection.start()
    guard granted.wait(until: { $0 == [.granted] }) else { throw RealBroker.Failure(description: "the watcher isn't connected: \(connection.state)") }
  }

  deinit { connection.stop() }

  func publish(_ message: OutgoingMessage) throws { try connection.publish(message) }

  func count(_ ending: String) -> Int { messages.all.count { $0.topic.hasSuffix(ending) } }

  func wait(for count: Int, of ending: String) -> Bool {
    messages.wait(limit: 60) { $0.count { $0.topic.hasSuffix(ending) } >= count }
  }

  /// Whether the last `state` says so, waiting for it.
  func waitForState(_ value: String) -> Bool {
    messages.wait { messages in
      messages.last { $0.topic.hasSuffix("/state") }.map { String(decoding: $0.payload, as: UTF8.self).contains("\"\(value)\"") } ?? false
    }
  }

  /// Checks all messages by the shipped schemas; empty where they are good.
  func complaints(expecting: [String]) throws -> String {
    guard let python = Schemas.python else { return "" }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments =
      [Programs.packageRoot.appendingPathComponent("Tests/EndToEnd/validate_payloads.py").path] + expecting.flatMap { ["--expect", $0] }
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    process.standardError = output
    try process.run()
    // What a fleet releases has formats of its own, and so have pictures.
    for message in messages.all where !message.topic.hasPrefix("swiftlet/v1/releases/") && !message.topic.hasSuffix("/snapshot") {
      try input.fileHandleForWriting.write(contentsOf: Data("\(message.topic) ".utf8) + Data(message.payload) + Data([10]))
    }
    try input.fileHandleForWriting.close()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return process.terminationStatus == 0 ? "" : text
  }
}

enum Schemas {
  /// A Python that has `jsonschema`: `SWIFTLET_PYTHON`, else the system's.
  static let python: String? = {
    for candidate in [ProcessInfo.processInfo.environment["SWIFTLET_PYTHON"], "/usr/bin/python3"].compactMap({ $0 }) {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: candidate)
      process.arguments = ["-c", "import jsonschema; jsonschema.Draft202012Validator"]
      process.standardError = FileHandle.nullDevice
      guard (try? process.run()) != nil else { continue }
      process.waitUntilExit()
      if process.terminationStatus == 0 { return candidate }
    }
    FileHandle.standardError.write(Data("SKIPPED: payloads against their schemas, as no Python has jsonschema (apt-get install python3-jsonschema)\n".utf8))
    return nil
  }()
}
