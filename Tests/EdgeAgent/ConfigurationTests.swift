import Capture
import EdgeAgent
import Foundation
import Imaging
import MQTTTransport
import TestPackages
import Testing

/// The least that is valid, with files that exist.
private struct Sample {
  let folder: TemporaryFolder
  var device = "{id: line-3-top, site: plant-a}"
  var storage = ""
  var mqtt = ""
  var camera = "{source: simulated:conveyor}"
  var pipeline = "{camera: top, model: m.swiftlet}"
  var name = "surface"
  var rest = ""

  init() throws {
    folder = try TemporaryFolder()
    _ = try folder.file("m.swiftlet")
    _ = try folder.file("ca.pem")
    _ = try folder.file("secret", "pa55\n")
  }

  var text: String {
    var lines = ["device: \(device)"]
    if !storage.isEmpty { lines.append("storage: \(storage)") }
    if !mqtt.isEmpty { lines.append("mqtt: \(mqtt)") }
    lines += ["cameras:", "  top: \(camera)", "pipelines:", "  \(name): \(pipeline)", rest]
    return lines.joined(separator: "\n") + "\n"
  }

  func read(environment: [String: String] = [:]) -> ConfigurationReading {
    AgentConfiguration.read(Array(text.utf8), file: folder.path + "/f.yaml") { environment[$0] }
  }

  /// Mistakes without the folder's changing path.
  var mistakes: [String] {
    read().mistakes.map { mistake in
      mistake.description.replacing(folder.path + "/", with: "")
    }
  }
}

@Suite struct ConfigurationTests {
  /// The first mistake that a check with models finds where the package has these bytes; nil where it finds none.
  private func mistake(package: [UInt8]) throws -> String? {
    let sample = try Sample()
    try Data(package).write(to: URL(fileURLWithPath: sample.folder.path + "/m.swiftlet"))
    let reading = AgentConfiguration.read(Array(sample.text.utf8), file: sample.folder.path + "/f.yaml", opensModels: true)
    return reading.mistakes.first?.description.replacing(sample.folder.path + "/", with: "")
  }

  @Test func `a check opens the packages and names the setting's line`() throws {
    #expect(try mistake(package: FixedPackage.bytes()) == nil)
    var damaged = FixedPackage.bytes()
    damaged[damaged.count - 5] ^= 0x10
    let text = try #require(try mistake(package: Array("no package".utf8)))
    #expect(text.hasPrefix("f.yaml:5: pipelines.surface.model: m.swiftlet: "), "\(text)")
    let damage = try #require(try mistake(package: damaged))
    #expect(damage.hasPrefix("f.yaml:5: pipelines.surface.model: m.swiftlet: "), "\(damage)")
    let raw = try #require(try mistake(package: FixedPackage.rawBytes()))
    #expect(raw.hasPrefix("f.yaml:5: ") && raw.contains("raw tensors"), "\(raw)")
    let unlabelled = try #require(try mistake(package: FixedPackage.bytes(labels: ["one", "two", "three"])))
    #expect(unlabelled.hasPrefix("f.yaml:5: ") && unlabelled.contains("3 labels"), "\(unlabelled)")
  }

  @Test func `the least configuration has the documented defaults`() throws {
    let sample = try Sample()
    let reading = sample.read()
    let configuration = try #require(reading.configuration)
    #expect(reading.warnings.isEmpty)
    #expect(configuration.clientIdentifier == "swiftlet-plant-a-line-3-top")
    #expect(configuration.topicRoot == "swiftlet/v1/plant-a/line-3-top")
    #expect(configuration.storage == StorageSettings(path: "/var/lib/swiftlet", outboxByteCount: 256_000_000))
    #expect(configuration.mqtt == nil)
    #expect(configuration.pipelines[0].model == .path(sample.folder.path + "/m.swiftlet"))
    #expect(configuration.pipelines[0].reporting == .any)
    #expect(configuration.pipelines[0].threshold == nil)
    #expect(configuration.cameras[0].settings == CameraSettings())
  }

  @Test func `every setting is read`() throws {
    var sample = try Sample()
    sample.storage = """
      {path: data, outbox: 5 MB, commit: {interval: 2 s, size: 1 MB}, limits: {detections: {size: 1 MB, age: 2 d}, events: {age: 30 d}},
        offline_detections: 10}
      """
    sample.mqtt = """
      {url: "mqtts://broker.plant.example:8884", ca: ca.pem, certificate: ca.pem, key: ca.pem, username: u, password: {file: secret},
        keep_alive: 10 s, health_interval: 1 min, fallback: ["mqtts://second", "mqtts://third:1"], session_expiry: 1 d, message_expiry: 1 h,
        in_flight: 7, home_assistant: true, commands: [status, reload]}
      """
    sample.camera =
      "{source: \"v4l2:/dev/video0\", size: 1280x720, frame_rate: 30, frame_limit: 40, format: SRGGB10P, black_level: 64, white_balance: [1.5, 1, 2], controls: {gain: 3, auto: true}}"
    sample.pipeline = "{camera: top, model: m.swiftlet, threshold: 0.25, detections: all, threads: 2, backend: auto, frames: 9}"
    let configuration = try #require(sample.read().configuration)
    var storage = StorageSettings(path: sample.folder.path + "/data", outboxByteCount: 5_000_000)
    (storage.commitInterval, storage.commitByteCount, storage.offlineDetections) = (.seconds(2), 1_000_000, 10)
    storage.limits = [.detections: .init(byteLimit: 1_000_000, age: .seconds(172_800)), .events: .init(age: .seconds(2_592_000))]
    #expect(configuration.storage == storage)
    let mqtt = try #require(configuration.mqtt)
    #expect(mqtt.broker == BrokerAddress(host: "broker.plant.example", port: 8884, usesTLS: true))
    #expect(mqtt.password?.text == "pa55")
    #expect(mqtt.keepAlive == .seconds(10))
    #expect(mqtt.healthInterval == .seconds(60))
    #expect(mqtt.fallbacks.map(\.description) == ["mqtts://second:8883", "mqtts://third:1"])
    #expect(mqtt.sessionExpiry == .seconds(86_400) && mqtt.messageExpiry == .seconds(3600) && mqtt.inFlight == 7 && mqtt.announcesToHomeAssistant)
    #expect(mqtt.commands == [.status, .reload])
    let camera = configuration.cameras[0]
    #expect(camera.source == .device("/dev/video0"))
    #expect(
      camera.settings
        == CameraSettings(
          size: (1280, 720), frameRate: 30, format: PixelFormat.allCases.first { $0.name == "SRGGB10P" },
          balance: SensorBalance(blackLevel: 64, red: 1.5, green: 1, blue: 2), controls: [("gain", 3), ("auto", 1)], frameLimit: 40))
    let pipeline = configuration.pipelines[0]
    #expect(pipeline.threshold == 0.25)
    #expect(pipeline.reporting == .all)
    #expect(pipeline.threads == 2 && pipeline.backend == .auto)
    #expect(pipeline.frameCount == 9)
  }

  @Test func `a mistyped key is named with the nearest valid one and its line`() throws {
    var sample = try Sample()
    sample.camera = "{source: simulated:conveyor, fram_rate: 3}"
    #expect(sample.mistakes == ["f.yaml:3: unknown key \"fram_rate\" in cameras.top; did you mean \"frame_rate\"?"])
  }

  @Test func `a model that is not there is named with what to do`() throws {
    var sample = try Sample()
    sample.pipeline = "{camera: top, model: ./gone.swiftlet}"
    #expect(
      sample.mistakes == [
        "f.yaml:5: pipelines.surface.model: ./gone.swiftlet does not exist; compile one with: swiftlet compile MODEL.onnx -o ./gone.swiftlet"
      ])
    sample.storage = "{path: data}"
    sample.pipeline = "{camera: top, model: surface-defects}"
    #expect(sample.mistakes.first?.contains("data/models/surface-defects.swiftlet does not exist; copy the package there") == true)
  }

  @Test(arguments: ["state", "health", "models", "command"])
  func `a pipeline can't take a topic of the agent`(name: String) throws {
    var sample = try Sample()
    sample.name = name
    #expect(sample.mistakes.count == 1)
  }

  @Test func `a camera's name is checked`() throws {
    var sample = try Sample()
    sample.pipeline = "{camera: tpo, model: m.swiftlet}"
    #expect(sample.mistakes == ["f.yaml:5: pipelines.surface.camera: there is no camera \"tpo\"; did you mean \"top\"?"])
  }

  @Test(arguments: ["{id: a, site: releases}", "{id: a b, site: x}", "{id: a}", "{}", "a"])
  func `a device without proper names is refused`(device: String) throws {
    var sample = try Sample()
    sample.device = device
    #expect(sample.read().configuration == nil)
  }

  @Test(arguments: [
    "{url: \"http://x\"}", "{url: \"mqtt://\"}", "{url: \"mqtt://h:0\"}", "{url: \"mqtt://h:70000\"}", "{url: \"mqtt://u:p@h\"}",
    "{url: \"mqtts://h\", ca: gone.pem}",
    "{url: \"mqtts://h\", key: ca.pem}", "{url: \"mqtt://localhost\", ca: ca.pem}", "{url: \"mqtts://h\", password: {file: gone}, username: u}",
    "{url: \"mqtts://h\", username: u, password: {environment: NOT_SET}}", "{url: \"mqtts://h\", password: {file: secret}}", "{ca: ca.pem}",
    "{url: \"mqtt://[::1\"}", "{url: \"mqtt://h:+1\"}", "{url: \"mqtts://h\", fallback: [\"mqtt://g\"]}", "{url: \"mqtts://h\", fallback: \"mqtts://g\"}",
    "{url: \"mqtts://h\", primary_host: scada}", "{url: \"mqtts://h\", encoding: sparkplug, in_flight: 3}", "{url: \"mqtts://h\", encoding: protobuf}",
    "{url: \"mqtts://h\", in_flight: 0}", "{url: \"mqtts://h\", session_expiry: forever}",
  ])
  func `a broker that can't be reached as written is refused`(mqtt: String) throws {
    var sample = try Sample()
    sample.mqtt = mqtt
    #expect(sample.mistakes.count == 1)
  }

  @Test(arguments: [
    ("{url: \"mqtts://h\", commands: [relaod]}", "mqtt.commands[0]: \"relaod\" is not known; did you mean \"reload\"?"),
    ("{url: \"mqtts://h\", commands: [status, pause]}", "mqtt.commands[1]: \"pause\" must be signed by a fleet key; add \"updates\""),
    ("{url: \"mqtts://h\", commands: [\"roll back\"]}", "\"roll back\" is not known; did you mean \"roll-back\"?"),
    ("{url: \"mqtts://h\", commands: [snapshot]}", "known: reload, status, pause, resume, roll-back"),
    ("{url: \"mqtts://h\", commands: reload}", "mqtt.commands: expected a list"),
    ("{url: \"mqtts://h\", commands: [reload, reload]}", "stands twice"),
    ("{url: \"mqtts://h\", encoding: sparkplug, commands: [reload]}", "mqtt.commands: does not apply to the encoding sparkplug"),
  ])
  func `commands that can't be obeyed are refused`(mqtt: String, words: String) throws {
    var sample = try Sample()
    sample.mqtt = mqtt
    #expect(sample.mistakes.count == 1 && sample.mistakes[0].contains(words), "\(sample.mistakes)")
  }

  @Test(arguments: [
    ("{limits: {detection: {age: 1 d}}}", "did you mean \"detections\"?"), ("{limits: {events: {size: 1 kB}}}", "100000"),
    ("{outbox: 1 MB, limits: {events: {size: 2 MB}}}", "more than the whole outbox"), ("{commit: {interval: 1 h}}", "storage.commit.interval"),
    ("{commit: 3 s}", "storage.commit"), ("{offline_detections: 0}", "storage.offline_detections"),
  ])
  func `storage that can't work as written is refused`(storage: String, words: String) throws {
    var sample = try Sample()
    sample.storage = storage
    #expect(sample.mistakes.count == 1 && sample.mistakes[0].contains(words), "\(sample.mistakes)")
  }

  @Test func `a check warns of storage that can't be written, with its line`() throws {
    var sample = try Sample()
    _ = try sample.folder.file("state/there")
    func warnings(_ path: String) -> [String] {
      sample.storage = "{path: \(path)}"
      let reading = AgentConfiguration.read(Array(sample.text.utf8), file: sample.folder.path + "/f.yaml", opensModels: true)
      return reading.warnings.map { $0.description.replacing(sample.folder.path + "/", with: "") }
    }
    #expect(warnings("state") == [] && warnings("state/new/deep") == [])
    for path in ["secret", "secret/deep", "secret/deep/er"] {
      #expect(warnings(path) == ["f.yaml:2: storage.path: secret is no folder; the user that the agent runs as must be able to keep files in \(path)"])
    }
    #expect(sample.read().warnings.isEmpty)
  }

  @Test func `a named pipe is no file to read`() throws {
    var sample = try Sample()
    let status = unsafe mkfifo(sample.folder.path + "/pipe", 0o600)
    try #require(status == 0)
    sample.pipeline = "{camera: top, model: ./pipe}"
    #expect(sample.mistakes.map { $0.contains("./pipe is no regular file") } == [true])
  }

  @Test func `a connection without encryption warns off loopback only`() throws {
    var sample = try Sample()
    sample.mqtt = "{url: \"mqtt://broker.example\"}"
    #expect(sample.read().warnings.count == 1)
    #expect(sample.read().configuration != nil)
    sample.mqtt = "{url: \"mqtt://127.example\"}"
    #expect(sample.read().warnings.count == 1)
    sample.mqtt = "{url: \"mqtt://localhost\", fallback: [\"mqtt://10.0.0.9\"]}"
    #expect(sample.read().warnings.map { $0.description.contains("mqtt.fallback[0]: 10.0.0.9") } == [true])
    for host in ["localhost", "127.0.0.1", "[::1]"] {
      sample.mqtt = "{url: \"mqtt://\(host)\"}"
      #expect(sample.read().warnings.isEmpty)
    }
  }

  @Test func `a secret comes from the environment and is never shown`() throws {
    var sample = try Sample()
    sample.mqtt = "{url: \"mqtts://h\", username: u, password: {environment: PASS}}"
    let password = try #require(sample.read(environment: ["PASS": "xyzzy"]).configuration?.mqtt?.password)
    #expect(password.text == "xyzzy")
    #expect(!"\(password)".contains("xyzzy"))
  }

  @Test func `a pipeline may come after another, with the parts that it looks at`() throws {
    var sample = try Sample()
    sample.pipeline = "{camera: top, model: m.swiftlet, budget: 40 ms, still: {difference: 0.01, longest: 2 s}}"
    sample.rest =
      "  detail: {after: surface, model: m.swiftlet, crops: {label: stain, score: 0.4, margin: 0.1, limit: 3}}\n  whole: {after: surface, model: m.swiftlet}"
    let pipelines = try #require(sample.read().configuration).pipelines
    #expect(pipelines.map(\.camera) == ["top", "top", "top"])
    #expect(pipelines.map(\.after) == [nil, "surface", "surface"])
    #expect(pipelines.map(\.crops) == [nil, .init(label: "stain", score: 0.4, margin: 0.1, limit: 3), nil])
    #expect(pipelines[0].budget == .milliseconds(40) && pipelines[0].still == .init(difference: 0.01, longest: .seconds(2)))
  }

  @Test(arguments: [
    ("{after: surfaec, model: m.swiftlet}", "did you mean \"surface\"?"), ("{after: detail, model: m.swiftlet}", "no other pipeline \"detail\""),
    ("{after: third, model: m.swiftlet}", "only a pipeline with a camera"), ("{after: surface, camera: top, model: m.swiftlet}", "\"camera\" or \"after\""),
    ("{camera: top, model: m.swiftlet, crops: {}}", "add \"after\""), ("{after: surface, model: m.swiftlet, frames: 3}", "write it there"),
    ("{after: surface, model: m.swiftlet, still: {}}", "write it there"), ("{after: surface, model: m.swiftlet, crops: {limit: 17}}", "limit"),
    ("{after: surface, model: m.swiftlet, crops: {lable: x}}", "label"), ("{after: surface, model: m.swiftlet, budget: 0 ms}", "budget"),
  ])
  func `a pipeline that can't follow is refused`(detail: String, words: String) throws {
    var sample = try Sample()
    sample.rest = "  detail: \(detail)\n  third: {after: surface, model: m.swiftlet}"
    #expect(sample.mistakes.count == 1 && sample.mistakes[0].hasPrefix("f.yaml:6: ") && sample.mistakes[0].contains(words), "\(sample.mistakes)")
  }

  @Test(arguments: [
    "{source: video0}", "{source: \"v4l2:\"}", "{source: \"simulated:line\"}", "{source: \"folder:gone\"}", "{source: \"folder:ca.pem\"}",
    "{source: \"alsa:hw0\"}", "{source: \"vl42:/dev/video0\"}", "{source: \"folder:.\", size: 100x20}", "{source: \"v4l2:/dev/video0\", loop: false}",
    "{source: simulated:conveyor, controls: {gain: 1}}", "{source: \"v4l2:/dev/video0\", format: NV13}", "{source: \"v4l2:/dev/video0\", frame_rate: 0}",
    "{source: \"v4l2:/dev/video0\", controls: {gain: much}}", "{}", "{source: simulated:conveyor, black_level: 3}",
    "{source: \"v4l2:/dev/video0\", white_balance: [1, 1]}", "{source: \"v4l2:/dev/video0\", white_balance: [1, 0, 1]}",
    "{source: \"v4l2:/dev/video0\", white_balance: 2}", "{source: \"v4l2:/dev/video0\", black_level: -1}",
  ])
  func `a camera that can't work as written is refused`(camera: String) throws {
    var sample = try Sample()
    sample.camera = camera
    #expect(sample.mistakes.count == 1, "\(sample.mistakes)")
  }

  @Test func `all mistakes come at once in the file's order`() throws {
    var sample = try Sample()
    sample.device = "{id: 'a b', site: x}"
    sample.camera = "{source: simulated:conveyor, sise: 1x1}"
    sample.pipeline = "{camera: tpo, model: gone.swiftlet, threshold: 7}"
    #expect(sample.read().mistakes.map(\.line) == [1, 3, 5, 5, 5])
  }

  @Test func `a camera that no pipeline uses is a warning`() throws {
    var sample = try Sample()
    sample.camera += "\n  spare: {source: simulated:conveyor}"
    #expect(sample.read().warnings.count == 1)
    #expect(sample.read().configuration != nil)
  }

  @Test func `a file that can't be read is one mistake`() {
    let reading = AgentConfiguration.read(path: "/nowhere/f.yaml")
    #expect(reading.mistakes.map(\.description) == ["/nowhere/f.yaml: does not exist"])
  }

  @Test func `of a file with mistakes the rest can be looked at, and where its agent keeps things`() throws {
    var sample = try Sample()
    sample.storage = "{path: data, outbox: 64 MB}"
    sample.pipeline = "{camera: tpo, model: m.swiftlet}"
    let reading = sample.read()
    #expect(reading.configuration == nil && reading.mistakes.count == 1)
    #expect(reading.storage?.path == sample.folder.path + "/data" && reading.draft?.storage == reading.storage)
    #expect(reading.draft?.cameras.map(\.name) == ["top"] && reading.draft?.pipelines.isEmpty == true)
    // Where nobody can tell, nobody guesses.
    sample.storage = "{path: [data]}"
    #expect(sample.read().storage == nil)
    sample.storage = "{pth: data}"
    #expect(sample.read().storage == nil && sample.read().mistakes.contains { $0.message.contains("did you mean \"path\"?") })
    (sample.storage, sample.rest) = ("", "storge: {path: data}")
    #expect(sample.read().storage == nil)
    (sample.storage, sample.rest) = ("", "nonsense: 1")
    #expect(sample.read().storage == StorageSettings())
    sample.rest = ""
    (sample.storage, sample.device) = ("{path: data}", "{id: 'a b', site: x}")
    #expect(sample.read().storage?.path.hasSuffix("/data") == true && sample.read().draft == nil)
    (sample.device, sample.pipeline) = ("{id: a, site: x}", "{camera: top, model: m.swiftlet}")
    #expect(sample.read().draft == sample.read().configuration)
  }

  @Test func `an empty file and a bare device say what belongs there`() throws {
    for text in ["", "\n\n", "# nothing yet\n"] {
      let reading = AgentConfiguration.read(Array(text.utf8), file: "f.yaml")
      #expect(
        reading.mistakes.map(\.description) == ["f.yaml: is empty; it needs \"device\", \"cameras\" and \"pipelines\", as Examples/conveyor.yaml has them"])
    }
    var sample = try Sample()
    sample.camera = "{source: /dev/video0}"
    #expect(sample.mistakes.first == "f.yaml:3: cameras.top.source: write \"v4l2:/dev/video0\": the kind of source comes first", "\(sample.mistakes)")
  }

  @Test func `every truncation is read or refused`() throws {
    var sample = try Sample()
    sample.mqtt = "{url: \"mqtts://broker\", ca: ca.pem, keep_alive: 10 s}"
    let bytes = Array(sample.text.utf8)
    for length in 0..<bytes.count { _ = AgentConfiguration.read(Array(bytes[..<length]), file: sample.folder.path + "/f.yaml") }
    #expect(sample.read().configuration != nil)
  }
}
