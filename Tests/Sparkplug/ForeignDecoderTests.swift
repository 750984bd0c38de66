import Foundation
import Pipelines
import Testing

@testable import Sparkplug

/// What this module writes, read by an implementation that shares nothing with it, and the other way round.
@Suite struct ForeignDecoderTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// A Python that has `pysparkplug`: `SWIFTLET_SPARKPLUG_PYTHON`, what `Packaging/install-dependencies.sh test` made, or the system's.
  private static let python: String? = {
    let made = root.appendingPathComponent("build/sparkplug-python/bin/python").path
    for candidate in [ProcessInfo.processInfo.environment["SWIFTLET_SPARKPLUG_PYTHON"], made, "/usr/bin/python3"].compactMap({ $0 }) {
      if (try? run(candidate, ["-c", "import pysparkplug"], input: Data()))?.status == 0 { return candidate }
    }
    let reason = "SKIPPED: Sparkplug payloads by a foreign decoder, as no Python has pysparkplug (run Packaging/install-dependencies.sh test)\n"
    FileHandle.standardError.write(Data(reason.utf8))
    return nil
  }()

  private static func run(_ path: String, _ arguments: [String], input: Data) throws -> (status: Int32, lines: [String], complaints: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    let (standardInput, output, complaints) = (Pipe(), Pipe(), Pipe())
    process.standardInput = standardInput
    process.standardOutput = output
    process.standardError = complaints
    try process.run()
    // Written aside, as neither end may wait for the other.
    let writer = Thread {
      try? standardInput.fileHandleForWriting.write(contentsOf: input)
      try? standardInput.fileHandleForWriting.close()
    }
    writer.start()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let complaint = String(decoding: complaints.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text.split(separator: "\n").map(String.init), complaint)
  }

  private static func script(_ arguments: [String] = [], _ messages: [SparkplugMessage] = []) throws -> [String] {
    let lines = messages.map { message in "\(message.topic) \(message.payload.map { String(format: "%02x", $0) }.joined())\n" }
    let script = root.appendingPathComponent("Tests/Sparkplug/decode_payloads.py").path
    let result = try run(try #require(python), [script] + arguments, input: Data(lines.joined().utf8))
    #expect(result.status == 0, "\(result.complaints)")
    return result.lines
  }

  /// A message as the foreign decoder understood it.
  private struct Heard: Decodable {
    struct Metric: Decodable {
      let name: String?
      let alias: UInt64?
      let timestamp: UInt64?
      let type: String
      let value: Value?
      let historical: Bool
      let transient: Bool
      let null: Bool
    }

    let kind: String
    let group: String
    let node: String
    let device: String?
    let seq: UInt64?
    let timestamp: UInt64
    let metrics: [Metric]

    func value(_ name: String) -> Value? { metrics.first { $0.name == name }?.value }
  }

  private enum Value: Decodable, Equatable {
    case truth(Bool)
    case whole(Int64)
    case huge(UInt64)
    case number(Double)
    case text(String)

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let value = try? container.decode(Bool.self) {
        self = .truth(value)
      } else if let value = try? container.decode(Int64.self) {
        self = .whole(value)
      } else if let value = try? container.decode(UInt64.self) {
        self = .huge(value)
      } else if let value = try? container.decode(Double.self) {
        self = .number(value)
      } else {
        self = .text(try container.decode(String.self))
      }
    }
  }

  private static func heard(_ messages: [SparkplugMessage]) throws -> [Heard] {
    let lines = try script([], messages)
    #expect(lines.count == messages.count)
    return try lines.map { try JSONDecoder().decode(Heard.self, from: Data($0.utf8)) }
  }

  @Test(.enabled(if: ForeignDecoderTests.python != nil)) func `a whole session is understood as it was meant`() throws {
    var scene = try Scene(devices: ["surface", "label"])
    var messages = [scene.node.beginConnection(at: scene.tick()).lastWill]
    messages += scene.node.connectionEstablished(at: scene.tick()).messages
    messages += try scene.node.publish(stored: [Scene.sample(2, frame: 2), Scene.sample(1, frame: 1, count: 0)], at: scene.tick())
    messages += try #require(try scene.node.publish(live: Scene.sample(3, frame: 3, message: #"{"label":"é \"x\""}"#), at: scene.tick()).messages)
    messages += scene.node.deviceDied("label", at: scene.tick())
    messages += scene.isAskedForBirths().messages
    messages += scene.node.finish(at: scene.tick())

    let heard = try Self.heard(messages)
    #expect(heard.map(\.kind) == ["NDEATH", "NBIRTH", "DBIRTH", "DBIRTH", "DDATA", "DDATA", "DDEATH", "NBIRTH", "DBIRTH", "NDEATH"])
    #expect(heard.map(\.seq) == [nil, 0, 1, 2, 3, 4, 5, 0, 1, nil])
    #expect(heard.allSatisfy { $0.group == "plant-a" && $0.node == "line-3" })
    #expect(heard.map(\.device) == [nil, nil, "surface", "label", "surface", "surface", "label", nil, "surface", nil])
    for (message, heard) in zip(messages, heard) { #expect(heard.timestamp == (try message.decoded.timestamp)) }
    for death in [0, 9] { #expect(heard[death].metrics.map(\.name) == ["bdSeq"] && heard[death].value("bdSeq") == .whole(0)) }
    try Self.checkBirths(heard)
    Self.checkData(heard)
  }

  private static func checkBirths(_ heard: [Heard]) throws {
    for birth in [1, 7] {
      #expect(heard[birth].value("bdSeq") == .whole(0) && heard[birth].value("Node Control/Rebirth") == .truth(false))
      let rebirth = try #require(heard[birth].metrics.first { $0.name == "Node Control/Rebirth" })
      #expect(rebirth.type == "BOOLEAN" && rebirth.alias == nil)
    }
    #expect(heard[1].value("Properties/Agent Version") == .text("0.1.0"))
    #expect(heard[2].metrics.filter(\.null).count == 7)
    #expect(heard[2].metrics.map(\.type) == ["INT32", "STRING", "FLOAT", "STRING", "INT64", "BOOLEAN", "STRING", "STRING", "STRING"])
    #expect(heard[8].value("Detections/Message") == .text(#"{"label":"é \"x\""}"#) && heard[8].value("Frame/Number") == .whole(3))
  }

  private static func checkData(_ heard: [Heard]) {
    #expect(heard[4].metrics.count == 16 && heard[4].metrics.allSatisfy { $0.historical && $0.name != nil })
    #expect(heard[4].metrics.filter { $0.name == "Frame/Number" }.map(\.value) == [.whole(1), .whole(2)])
    #expect(heard[4].metrics.filter { $0.null }.map(\.name) == ["Detections/Best Label", "Detections/Best Score"])
    #expect(heard[5].value("Frame/Number") == .whole(3) && heard[5].value("Detections/Best Score") == .number(0.75))
    #expect(heard[5].metrics.allSatisfy { !$0.historical && $0.timestamp == Scene.start.sparkplugMilliseconds + 3 })
  }

  @Test(.enabled(if: ForeignDecoderTests.python != nil)) func `every type is understood, to its bounds`() throws {
    let values: [(SparkplugValue, String, Value?)] = [
      (.int32(.min), "INT32", .whole(Int64(Int32.min))), (.int32(.max), "INT32", .whole(Int64(Int32.max))), (.int64(.min), "INT64", .whole(.min)),
      (.int64(-1), "INT64", .whole(-1)), (.uint32(.max), "UINT32", .whole(Int64(UInt32.max))), (.uint64(.max), "UINT64", .huge(.max)),
      (.float(-0.5), "FLOAT", .number(-0.5)), (.double(1e300), "DOUBLE", .number(1e300)), (.boolean(true), "BOOLEAN", .truth(true)),
      (.string(""), "STRING", .text("")), (.string("線 3 \u{1F600}"), "STRING", .text("線 3 \u{1F600}")), (.text("long"), "TEXT", .text("long")),
      (.dateTime(Scene.start), "DATETIME", .whole(1_772_348_709_000)), (.bytes([0, 255, 1]), "BYTES", .text("AP8B")), (.null(.double), "DOUBLE", nil),
    ]
    var scene = try Scene(devices: [])
    _ = scene.connect()
    let metrics = values.enumerated().map { SparkplugMetric("Folder/\($0.offset)", $0.element.0, isTransient: $0.offset == 3) }
    let heard = try Self.heard(try scene.node.deviceBorn("types", metrics: metrics, at: scene.tick()))
    #expect(heard[0].metrics.map(\.type) == values.map(\.1))
    for (metric, expected) in zip(heard[0].metrics, values) {
      #expect(metric.value == expected.2, "\(expected.0)")
      #expect(metric.null == (expected.2 == nil))
    }
    #expect(heard[0].metrics.map(\.transient) == values.indices.map { $0 == 3 })
  }

  @Test(.enabled(if: ForeignDecoderTests.python != nil)) func `a sequence of hundreds of random samples is understood`() throws {
    var random = SeededRandom(seed: 5)
    var scene = try Scene()
    var messages = scene.connect()
    var numbers: [Int64] = []
    for step in 1...300 {
      numbers.append(Int64(random.next() >> 1))
      let text = String((0..<random.below(300)).map { _ in Character(Unicode.Scalar(UInt32(random.below(0xD800))) ?? "?") })
      let sample = Scene.sample(Int64(step), frame: UInt64(numbers[step - 1]), count: random.below(3), message: text)
      messages += try #require(try scene.node.publish(live: sample, at: scene.tick()).messages)
    }
    let heard = try Self.heard(messages)
    #expect(heard.dropFirst(2).map { $0.value("Frame/Number") } == numbers.map { .whole($0) })
    #expect(heard.map(\.seq) == messages.indices.map { UInt64($0 % 256) })
  }

  @Test(.enabled(if: ForeignDecoderTests.python != nil)) func `a foreign rebirth request is understood`() throws {
    var scene = try Scene()
    scene.connect()
    let text = try #require(try Self.script(["--rebirth"]).first)
    let pairs = stride(from: 0, to: text.utf8.count, by: 2).map { text.dropFirst($0).prefix(2) }
    let command = pairs.compactMap { UInt8($0, radix: 16) }
    #expect(scene.node.receive(topic: Scene.commandTopic, payload: command, at: scene.tick()).messages.kinds == ["NBIRTH", "DBIRTH"])
  }
}
