import EdgeAgent
import Foundation
import GateProtocol
import Inspection
import TestPackages
import Testing

/// A pipeline with these lines of its own, the model being the fixed one.
private struct Sample {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try Data(FixedPackage.bytes()).write(to: URL(fileURLWithPath: folder.path + "/m.swiftlet"))
  }

  func read(_ pipeline: String, gates: String = "", opensModels: Bool = false) -> ConfigurationReading {
    var lines = ["device: {id: d, site: s}", "storage: {path: data}", "cameras: {top: {source: simulated:conveyor}}"]
    lines += gates.isEmpty ? [] : ["gates:"] + gates.split(separator: "\n").map { "  \($0)" }
    lines += ["pipelines:", "  p:", "    camera: top", "    model: m.swiftlet"] + pipeline.split(separator: "\n").map { "    \($0)" }
    return AgentConfiguration.read(Array((lines.joined(separator: "\n") + "\n").utf8), file: folder.path + "/f.yaml", opensModels: opensModels)
  }

  func mistakes(_ pipeline: String, gates: String = "", opensModels: Bool = false) -> [String] {
    read(pipeline, gates: gates, opensModels: opensModels).mistakes.map(\.message)
  }
}

private let places = """
  regions: {belt: [[0, 0.1], [1, 0.1], [1, 0.9], [0, 0.9]]}
  lines: {in: {from: [0.2, 0], to: [0.2, 1], direction: right}, out: {from: [0.8, 0], to: [0.8, 1], direction: right}, door: {from: [0, 0], to: [1, 1]}}
  """
private let gate = "g: {device: /dev/ttyACM0, travel: 350 ms}"

@Suite struct InspectionConfigurationTests {
  @Test func `every setting is read`() throws {
    let sample = try Sample()
    let reading = sample.read(
      places + """

        ignore: [belt]
        minimum_area: 0.001
        tracking: {keep: 12, least_score: 0.2, overlap: 0.3}
        rules:
          - {when: "scratch >= 0.6 inside(belt)", for: 2 of 3 frames, until: "not scratch", cooldown: 5 s, then: [event, snapshot, {gate: reject}]}
          - {name: busy, when: "count(any) > 3", for: 4 frames, then: [event]}
          - {name: quiet, when: "stain", then: [{gate: reject}]}
        parts: {label: scratch, entry: in, exit: out, views: 3, patience: 8 s, gap: 5}
        """, gates: gate, opensModels: true)
    #expect(reading.mistakes.isEmpty, "\(reading.mistakes)")
    let configuration = try #require(reading.configuration)
    let (pipeline, inspection) = (configuration.pipelines[0], configuration.pipelines[0].inspection)
    #expect(pipeline.gate == "g" && inspection.regions.map(\.corners.count) == [4] && inspection.lines.map(\.direction) == [.right, .right, .both])
    #expect(inspection.ignored == ["belt"] && inspection.minimumArea == 0.001)
    #expect(inspection.tracking?.keptFrames == 12 && inspection.tracking?.leastScore == 0.2 && inspection.tracking?.leastOverlap == 0.3)
    let first = inspection.rules[0]
    #expect((first.name, first.when.text, first.until?.text) == ("rule-1", "scratch >= 0.6 inside(belt)", "not scratch"))
    #expect((first.hits, first.frames, first.cooldown, first.tells, first.rejects) == (2, 3, .seconds(5), true, true))
    #expect(first.takesSnapshot && !inspection.rules[1].takesSnapshot)
    #expect((inspection.rules[1].name, inspection.rules[1].hits, inspection.rules[1].frames, inspection.rules[1].rejects) == ("busy", 4, 4, false))
    #expect(!inspection.rules[2].tells && inspection.rules[2].rejects)
    #expect(inspection.parts?.kind == .tracked(label: "scratch", entry: "in", exit: "out"))
    #expect(inspection.parts?.greatestGap == 5 && inspection.parts?.views == 3 && inspection.parts?.patience == .seconds(8))
  }

  @Test func `the documented defaults`() throws {
    let sample = try Sample()
    #expect(try #require(sample.read("").configuration).pipelines[0].inspection.isEmpty)
    let inspection = try #require(sample.read("rules: [{when: scratch, then: [event]}]").configuration).pipelines[0].inspection
    #expect(inspection.tracking == nil && inspection.rules[0].hits == 1 && inspection.rules[0].frames == 1 && inspection.rules[0].cooldown == .zero)
    // Lines need tracks.
    #expect(try #require(sample.read(places).configuration).pipelines[0].inspection.tracking == .init())
    let reading = sample.read("rules: [{when: scratch, then: [{gate: reject}]}]\nparts: {trigger: frame}", gates: gate)
    let settings = try #require(reading.configuration).gates[0]
    #expect(settings.settings.baudRate == 115_200 && settings.offset == .zero && settings.tolerance == .milliseconds(20))
    #expect(settings.settings.configuration == GateConfiguration(travel: 350_000))
  }

  @Test func `a gate's settings are read`() throws {
    let sample = try Sample()
    let text = """
      g: {device: d, baud: 460800, travel: 1200 ticks, pulse: 30 ms, debounce: 2 ms, silence: 1 s, blocked_after: 2 s, safe: pass, unjudged: pass, tolerance: 5 ms}
      """
    let reading = sample.read("rules: [{when: scratch, then: [{gate: reject}]}]\nparts: {trigger: frame}", gates: text)
    let gate = try #require(reading.configuration).gates[0]
    var expected = GateConfiguration(travel: 1200)
    (expected.unit, expected.pulse, expected.debounce, expected.silence) = (.encoderTicks, 30_000, 2000, 1_000_000)
    (expected.blockedAfter, expected.safePosition, expected.unjudged) = (2_000_000, .pass, .pass)
    #expect(gate.settings.configuration == expected && gate.settings.baudRate == 460_800 && gate.tolerance == .milliseconds(5))
    #expect(reading.warnings.count == 2 && reading.warnings.allSatisfy { $0.message.contains("\"reject\" is safer") })
    let before = sample.read("parts: {trigger: frame}", gates: "g: {device: d, travel: 1 s, camera_before: 30 ms}")
    #expect(before.configuration?.gates[0].offset == .milliseconds(-30))
  }

  @Test(arguments: [
    ("rules: [{when: \"scratch inside(blet)\", then: [event]}]", "when: column 16: there is no region \"blet\"; did you mean \"belt\"?"),
    ("threshold: 0.5\nrules: [{when: \"scratch >= 0.3\", then: [event]}]", "when: column 12: nothing below the threshold 0.5 is reported"),
    ("rules: [{when: \"scratch >>\", then: [event]}]", "when: column 9: \">>\" is no comparison"),
    ("rules: [{when: scrach, then: [event]}]", "when: column 1: the model has no class \"scrach\"; did you mean \"scratch\"?"),
    ("rules: [{when: scratch, for: 3, then: [event]}]", "expected \"3 frames\" or \"2 of 3 frames\", at most 60; found \"3\""),
    ("rules: [{when: scratch, for: 3 of 2 frames, then: [event]}]", "expected \"3 frames\" or \"2 of 3 frames\""),
    ("rules: [{when: scratch, then: []}]", "is empty; write [event]"), ("rules: [{when: scratch}]", "\"then\" is missing"),
    ("rules: [{when: scratch, then: [evnt]}]", "did you mean \"event\"?"),
    ("rules: [{when: scratch, then: [gate]}]", "\"gate\" is not known; expected event, snapshot or {gate: reject}, as in [event, {gate: reject}]"),
    ("rules: [{when: scratch, then: [reject]}]", "or {gate: reject}"), ("rules: [{when: scratch, then: [snapshto]}]", "snapshot"),
    ("rules: [{when: scratch, then: [{gate: pass}]}]", "reject"),
    ("rules: [{when: scratch, then: [{gate: reject}]}]", "rule-1 rejects, but nothing says what a part is; add \"parts\""),
    ("rules: [{when: scratch, whn: stain, then: [event]}]", "unknown key \"whn\""),
    ("rules: [{name: a, when: scratch, then: [event]}, {name: a, when: stain, then: [event]}]", "two rules are named \"a\""),
    ("rules: [{when: scratch, for: 2 frames, then: [{gate: reject}]}]\nparts: {trigger: frame}", "rule-1 needs 2 frames, but a part has one"),
    ("parts: {label: scratch, entry: in, exit: outt}", "there is no line or region \"outt\"; did you mean \"out\"?"),
    ("ignore: [belt]\nparts: {label: scratch, entry: belt, exit: out}", "\"belt\" is a region in which nothing counts"),
    ("parts: {label: scratch, entry: in, exit: in}", "is the entry, too"), ("parts: {label: scratch, entry: door, exit: out}", "\"door\" needs a direction"),
    ("parts: {label: skratch, entry: in, exit: out}", "there is no class \"skratch\"; did you mean \"scratch\"?"),
    ("parts: {trigger: frame, views: 3}", "each frame is a part; remove \"views\""),
    ("ignore: [belly]", "there is no region \"belly\"; did you mean \"belt\"?"),
    ("tracking: false", "lines and tracked parts need it"), ("gate: g", "gate: nothing says what a part is"), ("minimum_area: 2", "minimum_area"),
  ])
  func `mistakes are told with what to do`(pipeline: String, message: String) throws {
    let mistakes = try Sample().mistakes(places + "\n" + pipeline, gates: gate, opensModels: true)
    #expect(mistakes.contains { $0.contains(message) }, "\(mistakes)")
  }

  @Test(arguments: [
    ("regions: {r: [[0, 0], [1, 1]]}", "expected 3 to 64 corners"), ("regions: {r: [[0, 0], [1, 1], [1]]}", "expected [X, Y]"),
    ("regions: {r: [[0, 0], [1, 1], [1, 2]]}", "regions.r"), ("lines: {l: {from: [0, 0], to: [0, 0]}}", "begins where it ends"),
    ("lines: {l: {from: [0, 0], to: [0, 1], direction: rigth}}", "right"),
    ("regions: {" + (0..<33).map { "r\($0): [[0, 0], [1, 0], [1, 1]]" }.joined(separator: ", ") + "}", "at most 32"),
    ("rules: [" + (0..<33).map { "{name: r\($0), when: any, then: [event]}" }.joined(separator: ", ") + "]", "at most 32 rules"),
  ])
  func `places and limits are checked`(pipeline: String, message: String) throws {
    let mistakes = try Sample().mistakes(pipeline)
    #expect(mistakes.contains { $0.contains(message) }, "\(mistakes)")
  }

  @Test(arguments: [
    ("g: {device: d}", "\"travel\" is missing"), ("g: {travel: 1 s}", "\"device\" is missing"), ("g: {device: d, travel: 12 tickles}", "travel"),
    ("g: {device: d, travel: 0 ticks}", "expected a time"), ("g: {device: d, travel: 1 s, camera_after: 1 s}", "before the camera sees it"),
    ("g: {device: d, travel: 9 ticks, camera_after: 1 ms}", "with an encoder time says nothing"), ("g: {device: d, travel: 1 s, baud: 9601}", "9600"),
    ("g: {device: d, travel: 2 ms, debounce: 50 ms}", "debounce must be shorter"), ("g: {device: d, travel: 1 s, safe: open}", "reject"),
    ("g: {device: d, travel: 1 s, camera_after: 1 ms, camera_before: 1 ms}", "is there already"),
    ("g: {device: d, travel: 1 s}\nh: {device: e, travel: 1 s}", "there are several gates; say which one by \"gate\": g, h"),
  ])
  func `a gate's mistakes are told`(gates: String, message: String) throws {
    let mistakes = try Sample().mistakes("parts: {trigger: frame}", gates: gates)
    #expect(mistakes.contains { $0.contains(message) }, "\(mistakes)")
  }

  @Test func `fewer views than a rule looks at are warned of`() throws {
    func warnings(_ views: String) throws -> [String] {
      let rules = "rules: [{when: scratch, for: 2 of 4 frames, then: [{gate: reject}]}]"
      return try Sample().read("\(places)\n\(rules)\nparts: {label: scratch, entry: in, exit: out\(views)}", gates: gate).warnings.map(\.message)
    }
    #expect(try warnings(", views: 3").contains { $0.contains("rule-1 looks at 4 frames") })
    #expect(try warnings(", views: 4").isEmpty && warnings("").isEmpty)
  }

  @Test func `a gate acts by one pipeline, and one that doesn't exist is named`() throws {
    let sample = try Sample()
    #expect(sample.mistakes("parts: {trigger: frame}\ngate: h", gates: gate).contains { $0.contains("there is no gate \"h\"; known: g") })
    let idle = sample.read("parts: {trigger: frame}\ngate: g", gates: gate)
    #expect(idle.mistakes.isEmpty && idle.warnings.contains { $0.message.contains("no rule rejects") })
    let unused = sample.read("", gates: gate)
    #expect(unused.warnings.contains { $0.message.contains("no pipeline judges parts for the gate \"g\"") })
    let unheeded = sample.read("rules: [{when: scratch, then: [{gate: reject}]}]\nparts: {trigger: frame}")
    #expect(unheeded.mistakes.isEmpty && unheeded.warnings.contains { $0.message.contains("there is no gate") })
  }

  @Test func `every mistake of a rule is named at once, and of a pipeline that has others`() throws {
    let sample = try Sample()
    let pipeline = """
      regions: {blet: [[0, 0], [1, 0]]}
      threshold: 7
      rules: [{when: "scrach >= 0.6 inside(bellt) and stian crossing(oout)", for: 3, then: [gate]}]
      parts: {trigger: frame}
      gate: gg
      """
    let mistakes = sample.mistakes(pipeline, gates: gate, opensModels: true)
    for message in [
      "expected 3 to 64 corners", "column 1: the model has no class \"scrach\"; did you mean \"scratch\"?", "column 22: there is no region \"bellt\"",
      "column 33: the model has no class \"stian\"; did you mean \"stain\"?", "column 48: there is no line \"oout\"", "or {gate: reject}",
      "expected \"3 frames\"",
      "there is no gate \"gg\"; known: g", "threshold",
    ] { #expect(mistakes.contains { $0.contains(message) }, "\(message): \(mistakes)") }
    #expect(mistakes.count == 9, "\(mistakes)")
    // A camera that isn't there hides nothing either.
    let lost = AgentConfiguration.read(
      Array(
        "device: {id: d, site: s}\ncameras: {c: {source: simulated:conveyor}}\npipelines: {p: {camera: d, model: m.swiftlet, gate: x, parts: {trigger: frame}}}\n"
          .utf8),
      file: sample.folder.path + "/f.yaml")
    #expect(lost.mistakes.map(\.message).contains { $0.contains("there is no gate \"x\"; add \"gates\"") }, "\(lost.mistakes)")
  }

  @Test func `what is no gate's name, and what hears or follows, brings about no other complaint`() throws {
    let sample = try Sample()
    for text in ["gate:", "gate: ~", "gate: [g]"] {
      let mistakes = sample.mistakes("parts: {trigger: frame}\n\(text)", gates: "\(gate)\nh: {device: e, travel: 1 s}")
      #expect(mistakes.count == 1 && mistakes[0].contains("pipelines.p.gate: expected text"), "\(text): \(mistakes)")
    }
    let text = """
      device: {id: d, site: s}
      cameras: {c: {source: simulated:conveyor}}
      microphones: {m: {source: "alsa:default"}}
      gates: {g: {device: d, travel: 1 s}}
      pipelines:
        late: {after: p, model: m.swiftlet, parts: {trigger: frame}}
        ear: {microphone: m, model: m.swiftlet, gate: g, parts: {trigger: frame}}
        p: {camera: c, model: m.swiftlet, parts: {trigger: frame}}

      """
    let mistakes = AgentConfiguration.read(Array(text.utf8), file: sample.folder.path + "/f.yaml").mistakes.map(\.message)
    #expect(!mistakes.isEmpty && mistakes.allSatisfy { !$0.contains("acts by") && !$0.contains("what a part is") }, "\(mistakes)")
  }

  @Test func `a mistake isn't hidden behind warnings that follow from it`() throws {
    let sample = try Sample()
    let rejecting = "\(places)\nparts: {label: scratch, entry: in, exit: out}\n"
    for (pipeline, gates, count) in [
      (rejecting + "rules: [{when: scratch, for: 3, then: [{gate: reject}]}]", gate, 1),
      (rejecting + "rules: [{when: scratch, then: [{gate: rejct}]}]", gate, 1), ("parts: {label: scratch, entry: in}\n\(places)", gate, 1),
      ("regions: {belt: [[0, 0]]}\nignore: [belt]\nrules: [{when: \"any inside(belt)\", then: [event]}]", "", 1),
      (rejecting + "rules: [{when: scratch, then: [{gate: reject}]}]", "g: {device: d}", 1),
    ] {
      let reading = sample.read(pipeline, gates: gates)
      #expect(reading.configuration == nil && reading.mistakes.count == count && reading.warnings.isEmpty, "\(reading.mistakes) \(reading.warnings)")
    }
  }

  private static func manual() throws -> String {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    return try String(contentsOf: root.appendingPathComponent("docs/rules.md"), encoding: .utf8)
  }

  @Test func `the manual's configuration is a good one`() throws {
    let text = try Self.manual()
    let block = try #require(text.components(separatedBy: "```yaml\n").dropFirst().first?.components(separatedBy: "```").first)
    let folder = try TemporaryFolder()
    _ = try folder.file("models/surface-defects.swiftlet")
    let reading = AgentConfiguration.read(
      Array(block.replacing("/tmp/swiftlet-rules", with: folder.path).utf8), file: folder.path + "/f.yaml")
    #expect(reading.mistakes.isEmpty && reading.warnings.isEmpty, "\(reading.mistakes) \(reading.warnings)")
    #expect(reading.configuration?.pipelines[0].inspection.rules.count == 3)
  }

  @Test func `every truncation is read or refused`() throws {
    let bytes = Array(try #require(try Self.manual().components(separatedBy: "```yaml\n").dropFirst().first?.components(separatedBy: "```").first).utf8)
    for length in stride(from: 0, to: bytes.count, by: 11) { _ = AgentConfiguration.read(Array(bytes[..<length]), file: "/nowhere/f.yaml") }
  }

  @Test func `the manual's expressions are ones`() throws {
    let rows = try Self.manual().split(separator: "\n").drop { $0 != "| | holds where |" }.dropFirst(2).prefix { $0.hasPrefix("| `") }
    #expect(rows.count >= 9)
    for row in rows {
      let text = String(row.dropFirst(3).prefix { $0 != "`" })
      #expect(throws: Never.self, "\(text)") { try Expression(parsing: text, regions: ["belt"], lines: ["door"]) }
    }
  }
}
