import Foundation
import Outbox
import Pipelines
import Testing

/// Checks encoded payloads by the shipped JSON schemas, with the script that the end-to-end tests use.
@Suite struct SchemaTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// A Python that has `jsonschema`: `SWIFTLET_PYTHON`, else the system's.
  private static let python: String? = {
    for candidate in [ProcessInfo.processInfo.environment["SWIFTLET_PYTHON"], "/usr/bin/python3"].compactMap({ $0 }) {
      if (try? run(candidate, ["-c", "import jsonschema; jsonschema.Draft202012Validator"], input: Data()))?.status == 0 { return candidate }
    }
    print("SKIPPED: payloads against their JSON schemas, as no Python has jsonschema (apt-get install python3-jsonschema)")
    return nil
  }()

  private static func run(_ path: String, _ arguments: [String], input: Data) throws -> (status: Int32, text: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    let (standardInput, output) = (Pipe(), Pipe())
    process.standardInput = standardInput
    process.standardOutput = output
    process.standardError = output
    try process.run()
    try standardInput.fileHandleForWriting.write(contentsOf: input)
    try standardInput.fileHandleForWriting.close()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text)
  }

  private func validate(_ lines: [(topic: String, payload: [UInt8])]) throws -> (status: Int32, text: String) {
    let input = lines.reduce(into: Data()) { $0 += Data("\($1.topic) ".utf8) + Data($1.payload) + Data("\n".utf8) }
    let script = Self.root.appendingPathComponent("Tests/EndToEnd/validate_payloads.py").path
    return try Self.run(try #require(Self.python), [script], input: input)
  }

  private static func payloads() -> [(String, any Payload)] {
    let (moment, clock) = (PayloadTests.moment, ClockStatus.current())
    var status = Outbox.Status()
    status.error = OutboxError(.diskFull, "full")
    var empty = PayloadTests.detection
    empty.detections = []
    var wordless = PayloadTests.transcript
    (wordless.words, wordless.confidence, wordless.speechProbability, wordless.isFinal, wordless.isRevised) = (nil, nil, nil, false, false)
    var replaced = PayloadTests.transcript
    (replaced.text, replaced.words, replaced.confidence) = ("", [], nil)
    var health = HealthMessage(
      capturedAt: moment, clock: clock, uptime: .zero, residentBytes: 1, peakResidentBytes: 2, temperatures: [], pipelines: [], outbox: Outbox.Status(),
      brokerConnections: 1)
    health.speech = [
      .init(
        name: "v", microphone: "m", state: "waiting", utterances: 1, commands: 0, unrecorded: 0, lost: .seconds(2), overruns: 1, suspensions: 0, failures: 1,
        dropped: .zero)
    ]
    var pictured = RuleMessage(capturedAt: moment, clock: clock, isBegin: true, rule: "r", reason: "not defect", frame: 7)
    pictured.hasSnapshot = true
    var judged = HealthMessage.Pipeline(name: "q", camera: "c", state: "running", frameRate: 1, processed: 1, dropped: 0)
    judged.decisions = .init(events: 1, passed: 2, rejected: 3, unjudged: 4, crossings: [.init(line: "exit", count: 5)])
    (judged.late, judged.reused, judged.leftOut, judged.unneeded) = (1, 2, 3, 4)
    health.pipelines = [judged]
    let counts = ["passes", "rejects", "unplaced", "failed", "acknowledged", "late", "refused", "link_lost", "unjudged", "missed_events", "sessions"]
    health.gates = [.init(name: "g", pipeline: "q", state: "away", reason: "there is no device", counts: counts.map { .init($0, 1) })]
    var gate = GateEventMessage(capturedAt: moment, clock: clock, gate: "g", what: "order", state: "late")
    (gate.reason, gate.part, gate.verdict, gate.position, gate.count) = ("why", 4, "reject", "pass", 2)
    return [
      (
        "p/events",
        RuleMessage(
          capturedAt: moment, clock: clock, isBegin: true, rule: "r", reason: "defect >= 0.6", frame: 7,
          detection: .init(label: "defect", score: 0.7, box: (0.1, 0.2, 0.3, 0.4), track: 3))
      ),
      ("p/events", RuleMessage(capturedAt: moment, clock: clock, isBegin: false, rule: "r", reason: "the pipeline ended", frame: nil)),
      (
        "p/events",
        PartMessage(
          capturedAt: moment, clock: clock, part: 1, verdict: "reject", rule: "r", reason: "defect", obstacle: "lost", views: 2, count: 1)
      ),
      ("p/events", PartMessage(capturedAt: moment, clock: clock, part: 9, verdict: "pass", rule: nil, reason: nil, obstacle: nil, views: 2, count: 3)),
      ("p/events", DegradationMessage(capturedAt: moment, clock: clock, before: 0, step: 1, reasons: ["hot"], spared: 0)),
      ("p/events", DegradationMessage(capturedAt: moment, clock: clock, before: 1, step: 1, reasons: ["hot"], spared: 7, isLight: true)),
      ("p/events", pictured), ("p/events", gate), ("p/events", GateEventMessage(capturedAt: moment, clock: clock, gate: "g", what: "link", state: "armed")),
      ("p/transcript", PayloadTests.transcript), ("p/transcript", wordless), ("p/transcript", replaced), ("p/events", PayloadTests.command),
      ("health", health),
      ("p/detections", PayloadTests.detection), ("p/detections", empty),
      ("state", StateMessage(capturedAt: moment, clock: clock, state: .online, version: "0.1.0", bootID: "b", uptime: .seconds(-1))),
      (
        "health",
        HealthMessage(
          capturedAt: moment, clock: clock, uptime: .seconds(5), residentBytes: 1, peakResidentBytes: 2,
          temperatures: [.init(zone: "cpu", celsius: 51.5), .init(zone: "broken", celsius: .nan)],
          pipelines: [.init(name: "p", camera: "c", state: "running", frameRate: 29.97, processed: 1, dropped: 0)], outbox: status, brokerConnections: 1)
      ),
      ("p/events", GapMessage(capturedAt: moment, clock: clock, topic: "p/detections", sequences: 3...9, reason: .storageFull)),
    ]
  }

  @Test(.enabled(if: SchemaTests.python != nil)) func `every payload keeps to its schema`() throws {
    var counts: [String: UInt64] = [:]
    let lines = Self.payloads().map { topic, payload in
      counts[topic, default: 0] += 1
      return (topic, payload.encoded(as: MessageNumber(epoch: "0123456789abcdef", sequence: counts[topic]!)))
    }
    let (status, text) = try validate(lines)
    #expect(status == 0 && text.contains("19 payloads valid"), "\(text)")
  }

  @Test(.enabled(if: SchemaTests.python != nil)) func `the schemas refuse what isn't a payload`() throws {
    let good = String(decoding: PayloadTests.detection.encoded(as: MessageNumber(epoch: "0123456789abcdef", sequence: 1)), as: UTF8.self)
    let said = String(decoding: PayloadTests.transcript.encoded(as: MessageNumber(epoch: "0123456789abcdef", sequence: 1)), as: UTF8.self)
    for (old, new) in [
      ("\"revised\":true,\"cut\":true,\"text\":\"stop line\"", "\"text\":\"\""), ("\"revised\":true", "\"revised\":false"),
      ("\"cut\":true", "\"cut\":false"), ("\"end_ms\":400.25", "\"end_ms\":null"),
      ("0.5}", "1.5}"),
    ] {
      let (status, text) = try validate([("p/transcript", Array(said.replacing(old, with: new).utf8))])
      #expect(said.contains(old) && status == 1, "\(new): \(text)")
    }
    let changes = [
      ("\"frame\"", "\"fram\""), ("0123456789abcdef", "0123"), ("\"sequence\":1", "\"sequence\":0"), ("000042Z", "000Z"), ("0.75", "7.5"),
      ("synchronised", "perhaps"), ("detections/1", "detections/2"), ("[0.25,", "[-0.25,"), ("}]}", "}]"), ("12.0", "NaN"),
    ]
    for (old, new) in changes {
      let (status, text) = try validate([("p/detections", Array(good.replacing(old, with: new).utf8))])
      #expect(status == 1, "\(new): \(text)")
    }
    let hole = try validate([1, 3].map { ("p/detections", PayloadTests.detection.encoded(as: MessageNumber(epoch: "0123456789abcdef", sequence: $0))) })
    #expect(hole.status == 1 && hole.text.contains("[2]"))
  }
}
