import CAllocationCounter
@testable import Inspection
import ObjectDetection
import Pipelines
import Testing

private let labels = ["part", "defect"]

private func found(_ label: String, _ x: Float, _ y: Float = 50, size: Float = 20, score: Float = 0.9) -> Detection {
  Detection(label: labels.firstIndex(of: label)!, score: score, box: Box(x: x - size / 2, y: y - size / 2, width: size, height: size))
}

/// Frames of 100 × 100 pixels, a tenth of a second apart.
private final class Line {
  let inspector: Inspector
  private(set) var frame: UInt64 = 0
  /// By how much its clock is ahead of its frames.
  private var lead = Duration.zero
  private(set) var events: [[RuleEvent.Kind]] = []
  private(set) var outcomes: [PartOutcome] = []

  init(_ settings: InspectionSettings, labels: [String] = labels, isClassification: Bool = false) throws {
    inspector = Inspector(settings, try InspectionPlan(settings, labels: labels, isClassification: isClassification, threshold: 0.5))
  }

  static func moment(_ frame: UInt64) -> MonotonicInstant { MonotonicInstant(nanoseconds: 1_000_000_000 + frame * 100_000_000) }

  /// What is left of the detections.
  @discardableResult func see(_ detections: [Detection], isSound: Bool = true, missing: UInt64 = 0, isComplete: Bool = true) -> [Detection] {
    frame += 1 + missing
    var detections = detections.sorted { $0.score > $1.score }
    inspector.inspect(
      &detections, frame: frame, capturedAt: Self.moment(frame).advanced(by: lead), width: 100, height: 100, isSound: isSound,
      isComplete: isComplete)
    take()
    return detections
  }

  /// The camera is away, and counts on behind it.
  func beAway(_ time: Duration) { lead += time }

  /// The camera counts from 1 again.
  func restart() { frame = 0 }

  func take() {
    events.append(inspector.ruleEvents.map(\.kind))
    outcomes += inspector.outcomes
  }
}

private func rule(_ when: String, until: String? = nil, _ hits: Int = 1, of frames: Int = 1, cooldown: Duration = .zero, rejects: Bool = false) throws
  -> RuleSettings
{
  var rule = RuleSettings(name: "r", when: try Expression(parsing: when, regions: ["left"], lines: ["in", "out"]))
  rule.until = try until.map { try Expression(parsing: $0, regions: ["left"], lines: ["in", "out"]) }
  (rule.hits, rule.frames, rule.cooldown, rule.rejects) = (hits, frames, cooldown, rejects)
  return rule
}

private func settings(_ rules: [RuleSettings], parts: PartSettings? = nil) -> InspectionSettings {
  var settings = InspectionSettings()
  (settings.rules, settings.parts, settings.tracking) = (rules, parts, .init())
  settings.regions = [Region(name: "left", corners: [(0, 0), (0.3, 0), (0.3, 1), (0, 1)].map { FramePoint(x: $0.0, y: $0.1) })]
  settings.lines = [("in", 0.2), ("out", 0.8)].map { name, x in
    CountLine(name: name, from: FramePoint(x: x, y: 0), to: FramePoint(x: x, y: 1), direction: .right)
  }
  return settings
}

private let tracked = PartSettings.Kind.tracked(label: "part", entry: "in", exit: "out")

@Suite struct RuleTests {
  private let good: [Detection] = [], bad = [found("defect", 50)]

  @Test func `two of three frames begin a rule, and as many without end it`() throws {
    let line = try Line(settings([rule("defect", 2, of: 3)]))
    for detections in [bad, good, good, bad, good, bad, bad, good, bad, good, good] { line.see(detections) }
    #expect(line.events == [[], [], [], [], [], [.begin], [], [], [], [.end], []])
  }

  @Test func `until is another condition than when`() throws {
    let line = try Line(settings([rule("count(defect) >= 2", until: "count(defect) == 0")]))
    for count in [1, 2, 1, 1, 0, 1] { line.see((0..<count).map { found("defect", Float(20 + 40 * $0)) }) }
    #expect(line.events == [[], [.begin], [], [], [.end], []])
  }

  @Test func `after its end a rule rests`() throws {
    let line = try Line(settings([rule("defect", cooldown: .milliseconds(300))]))
    for detections in [bad, good, bad, bad, bad, bad] { line.see(detections) }
    #expect(line.events == [[.begin], [.end], [], [], [.begin], []])
  }

  @Test func `evidence is the detection that a rule is about`() throws {
    let line = try Line(settings([rule("part and defect < 0.7"), rule("not defect")]))
    line.see([found("part", 50, score: 0.8), found("defect", 50), found("defect", 20, score: 0.6)])
    #expect(line.inspector.ruleEvents == [RuleEvent(rule: 0, kind: .begin, evidence: 1)])
    line.see([])
    #expect(line.inspector.ruleEvents == [RuleEvent(rule: 0, kind: .end, evidence: -1), RuleEvent(rule: 1, kind: .begin, evidence: -1)])
  }

  @Test func `what lies in an ignored region, is too small or only continues a track is left out`() throws {
    var wanted = try settings([rule("defect")])
    (wanted.ignored, wanted.minimumArea) = (["left"], 0.01)
    let line = try Line(wanted)
    let left = line.see([found("defect", 20), found("defect", 60, size: 8), found("part", 60, 20)])
    #expect(left.map(\.label) == [0] && line.events == [[]] && line.inspector.identities.count == 1)
    line.see([found("part", 60, 20)])
    let poor = line.see([found("part", 61, 20, score: 0.3)])
    #expect(poor.isEmpty && line.inspector.identities.isEmpty)
    line.see([found("part", 62, 20)])
    #expect(line.inspector.identities == [1])
  }

  @Test func `a crossing begins a rule in its frame, and is counted`() throws {
    let line = try Line(settings([rule("part crossing(out)")]))
    for x in stride(from: Float(61), through: 96, by: 5) { line.see([found("part", x)]) }
    #expect(line.events == [[], [], [], [], [.begin], [.end], [], []])
    #expect(line.inspector.crossings == [0, 1])
  }

  @Test func `after a camera has begun anew lines are crossed as ever`() throws {
    let line = try Line(settings([rule("part crossing(out)")]))
    // As many things as there may be, all seen late.
    for _ in 0..<3 {
      var many: [Detection] = []
      for at in 0..<ObjectTracker.trackLimit { many.append(found("part", Float(at % 12) * 8 + 4, Float(at / 12) * 8 + 4, size: 6)) }
      line.see(many, missing: 500)
    }
    line.restart()
    for x in stride(from: Float(61), through: 96, by: 5) { line.see([found("part", x)]) }
    #expect(line.inspector.crossings == [0, 1])
  }

  @Test func `a frame of nonsense decides nothing, and an interruption ends what is under way`() throws {
    let line = try Line(settings([rule("not defect")]))
    line.see([], isSound: false)
    line.see([])
    line.see(bad, isSound: false)
    line.inspector.interrupt()
    line.take()
    #expect(line.events == [[], [.begin], [], [.cutShort]])
  }

  @Test(.enabled(if: allocation_counter_works())) func `inspecting allocates nothing`() throws {
    let wanted = try settings(
      [rule("count(any inside(left)) > 3 or area(defect) > 0.5", 2, of: 3), rule("defect", rejects: true)], parts: PartSettings(tracked))
    var frames: [[Detection]] = []
    for frame in 0..<40 {
      let x = Float(frame * 3 % 110)
      frames.append(
        (0..<8).map { (row: Int) -> Detection in
          row % 3 == 0 ? found("defect", x, Float(row) * 12 + 10, size: 4) : found("part", x, Float(row) * 12, size: 10)
        })
    }
    // The first run makes what the language's runtime keeps of types.
    var counts: [UInt64] = []
    for _ in 0..<2 {
      let inspector = try Line(wanted).inspector
      let before = allocation_count()
      for at in 0..<frames.count {
        inspector.inspect(&frames[at], frame: UInt64(at + 1), capturedAt: Line.moment(UInt64(at)), width: 100, height: 100)
        inspector.expire(at: Line.moment(UInt64(at)))
      }
      inspector.interrupt()
      counts.append(allocation_count() - before)
      #expect(inspector.counters.begun > 0 && inspector.counters.rejected > 0)
    }
    #expect(counts[1] == 0)
  }
}

@Suite struct PartTests {
  /// Lets parts pass at 5 pixels a frame, one behind the other by 60, and says in which frames which has a defect.
  private func run(_ line: Line, parts: Int, defects: [Int: Set<Int>] = [:], unseen: [Int: Set<Int>] = [:], frames: Int = 80) {
    for frame in 0..<frames {
      var detections: [Detection] = []
      for part in 0..<parts {
        let x = Float(frame * 5 - part * 60)
        guard x > 0, x < 100, unseen[part]?.contains(frame) != true else { continue }
        detections.append(found("part", x))
        if defects[part]?.contains(frame) == true { detections.append(found("defect", x + 4, 46, size: 4)) }
      }
      line.see(detections)
    }
  }

  private func verdicts(_ line: Line) -> [String] {
    line.outcomes.map { $0.obstacle == .none ? $0.verdict.rawValue : "\($0.verdict.rawValue) \($0.obstacle.rawValue)" }
  }

  @Test func `each part is judged once, by its own defects`() throws {
    let line = try Line(settings([rule("defect >= 0.6", rejects: true)], parts: PartSettings(tracked)))
    run(line, parts: 4, defects: [1: [20], 3: [46, 47, 48]])
    #expect(verdicts(line) == ["pass", "reject", "pass", "reject"])
    #expect(line.outcomes.map(\.number) == [1, 2, 3, 4] && line.outcomes[1].rule == 0)
    #expect(line.inspector.counters.passed == 2 && line.inspector.counters.rejected == 2 && line.inspector.counters.unjudged == 0)
    // A part is at the exit, at 80 of 100, in frame 16; frames count from 1.
    let first = try #require(line.outcomes[0].moment)
    #expect(abs(first.duration(to: Line.moment(17)) / .milliseconds(1)) < 60)
  }

  @Test func `so many of so many frames count for each part`() throws {
    let line = try Line(settings([rule("defect", 2, of: 3, rejects: true)], parts: PartSettings(tracked)))
    // One in each of two parts isn't two in one.
    run(line, parts: 3, defects: [0: [8], 1: [20], 2: [33, 35]])
    #expect(verdicts(line) == ["pass", "pass", "reject"])
  }

  @Test func `a part that wasn't seen at the entry, or too seldom, or is lost, never passes`() throws {
    var parts = PartSettings(tracked)
    (parts.views, parts.patience, parts.greatestGap) = (4, .seconds(2), 20)
    let line = try Line(settings([rule("defect", rejects: true)], parts: parts))
    let all = Set(0..<80)
    // The first appears behind the entry, the second hides until the end, the third vanishes for good, the fourth is well.
    run(line, parts: 4, unseen: [0: Set(0..<8), 2: all.subtracting(24..<32)])
    #expect(verdicts(line) == ["unjudged unseen_entry", "pass", "unjudged lost", "pass"])
    let seldom = try Line(settings([rule("defect", rejects: true)], parts: parts))
    run(seldom, parts: 1, unseen: [0: Set(6..<16)])
    #expect(verdicts(seldom) == ["unjudged too_few_views"])
  }

  @Test func `a defect outweighs that the part was lost`() throws {
    var parts = PartSettings(tracked)
    parts.patience = .seconds(2)
    let line = try Line(settings([rule("defect", rejects: true)], parts: parts))
    run(line, parts: 1, defects: [0: [6]], unseen: [0: Set(10..<80)])
    #expect(verdicts(line) == ["reject lost"] && line.outcomes[0].moment == nil)
  }

  /// A part at 5 pixels a frame, from 0 on.
  private func move(_ line: Line, _ frames: Range<Int>, score: Float = 0.9, with other: (_ x: Float) -> [Detection] = { _ in [] }) {
    for frame in frames { line.see([found("part", Float(frame * 5), score: score)] + other(Float(frame * 5))) }
  }

  @Test func `a part is seen in as many frames as a rule that rejects asks for, or it is unjudged`() throws {
    for (frames, verdict) in [(4, "pass"), (14, "unjudged too_few_views")] {
      let line = try Line(settings([rule("defect", 2, of: frames, rejects: true)], parts: PartSettings(tracked)))
      run(line, parts: 1)
      #expect(verdicts(line) == [verdict])
    }
    // At the entry and at the exit in one frame.
    let line = try Line(settings([rule("defect", rejects: true)], parts: PartSettings(tracked)))
    for x in [10, 90, 91] as [Float] { line.see([found("part", x, size: 300)]) }
    #expect(verdicts(line) == ["unjudged too_few_views"])
  }

  @Test func `while the camera was away, or when it begins anew, parts are lost and nothing keeps its number`() throws {
    for begins in [false, true] {
      let line = try Line(settings([rule("defect", rejects: true)], parts: PartSettings(tracked)))
      move(line, 1..<9)
      if begins { line.restart() } else { line.beAway(.milliseconds(450)) }
      move(line, 9..<10)
      #expect(verdicts(line) == ["unjudged lost"] && line.inspector.identities == [2])
    }
    // Frames that are known to be missing are none, nor is a camera that has become slower.
    let line = try Line(settings([rule("defect", rejects: true)], parts: PartSettings(tracked)))
    move(line, 1..<8)
    line.see([found("part", 50)], missing: 2)
    for x in [52, 54] as [Float] {
      line.beAway(.milliseconds(150))
      line.see([found("part", x)])
    }
    #expect(line.outcomes.isEmpty && line.inspector.identities == [1])
  }

  @Test func `a part that was unseen for long never passes, whatever has its number`() throws {
    for (unseen, verdict) in [(3, "pass"), (4, "unjudged lost")] {
      let line = try Line(settings([rule("defect", rejects: true)], parts: PartSettings(tracked)))
      run(line, parts: 1, unseen: [0: Set(8..<8 + unseen)])
      #expect(verdicts(line) == [verdict])
    }
    // Frames that nobody looked at, or that were nonsense, are no views either.
    for passesOver in [true, false] {
      let line = try Line(settings([rule("defect", rejects: true)], parts: PartSettings(tracked)))
      move(line, 1..<9)
      for _ in 0..<4 { if passesOver { line.inspector.passOver() } else { line.see([], isSound: false) } }
      move(line, (passesOver ? 9 : 13)..<20)
      #expect(verdicts(line) == ["unjudged lost"])
    }
  }

  @Test func `where a bad part is lost those on their way are unjudged`() throws {
    var parts = PartSettings(tracked)
    parts.patience = .milliseconds(1500)
    let line = try Line(settings([rule("defect", rejects: true)], parts: parts))
    // The first has a defect and goes; the second has passed the entry by the time that it is given up.
    run(line, parts: 2, defects: [0: [6]], unseen: [0: Set(9..<80)])
    #expect(verdicts(line) == ["reject lost", "unjudged lost"])
  }

  @Test func `a part that is hardly seen itself is looked at, and isn't reported`() throws {
    let line = try Line(settings([rule("defect", rejects: true)], parts: PartSettings(tracked)))
    move(line, 1..<9)
    let left = line.see([found("part", 45, score: 0.3), found("defect", 49, 46, size: 4)])
    #expect(left.map(\.label) == [1] && line.inspector.identities.count == 1)
    move(line, 10..<20)
    #expect(verdicts(line) == ["reject"])
    // What isn't reported is meant by no rule.
    let poor = try Line(settings([rule("defect", rejects: true)], parts: PartSettings(tracked)))
    move(poor, 1..<20) { [found("defect", $0, size: 4, score: 0.3)] }
    #expect(verdicts(poor) == ["pass"])
  }

  @Test func `a defect at the edge is each part's that it touches, and one on no part is counted`() throws {
    let line = try Line(settings([rule("defect", rejects: true)], parts: PartSettings(tracked)))
    // Its middle is outside the part, which reaches 10 pixels to each side.
    run(line, parts: 1)
    move(line, 1..<20) { [found("defect", $0 + 11, size: 4)] }
    #expect(verdicts(line) == ["pass", "reject"] && line.inspector.counters.unowned == 6)
    // A neighbour's mark isn't its own.
    let marked = try Line(settings([rule("not defect", rejects: true)], parts: PartSettings(tracked)))
    move(marked, 1..<20) { [found("defect", $0 + (abs($0 - 50) < 1 ? 11 : 0), size: 4)] }
    #expect(verdicts(marked) == ["reject"])
  }

  @Test func `a frame of which not all is known is no view, but what it shows counts`() throws {
    let line = try Line(settings([rule("defect", rejects: true)], parts: PartSettings(.trigger)))
    line.see([], isComplete: false)
    line.see([found("defect", 50)], isComplete: false)
    // More of them than can be looked at.
    var many: [Detection] = []
    for at in 0...Inspector.thingLimit { many.append(found("part", Float(at % 23) * 4 + 4, Float(at / 23) * 4 + 4, size: 3)) }
    line.see(many)
    #expect(verdicts(line) == ["unjudged too_many_things", "reject", "unjudged too_many_things"] && line.inspector.counters.overfull == 3)
    let tracks = try Line(settings([rule("defect", rejects: true)], parts: PartSettings(tracked)))
    for frame in 1..<20 { tracks.see([found("part", Float(frame * 5))], isComplete: !(8..<12).contains(frame)) }
    #expect(verdicts(tracks) == ["unjudged lost"])
  }

  @Test func `numbers of tracks go on under another model`() throws {
    let wanted = try settings([rule("defect", rejects: true)], parts: PartSettings(tracked))
    let line = try Line(wanted)
    move(line, 1..<4)
    line.inspector.adopt(try InspectionPlan(wanted, labels: labels, isClassification: false, threshold: 0.5))
    move(line, 4..<6)
    #expect(line.inspector.identities == [2])
  }

  @Test func `a score below the threshold is an error, for nothing below it is reported`() throws {
    let error = #expect(throws: InspectionError.self) { try Line(settings([rule("part and count(defect > 0.3) > 1")])) }
    #expect(error?.message == "rule r: column 25: nothing below the threshold 0.5 is reported: compare with 0.5 or more, or set \"threshold\" to 0.3")
    #expect(throws: InspectionError.self) { try Line(settings([rule("part", until: "defect < 0.4")])) }
    #expect(throws: Never.self) { try Line(settings([rule("defect >= 0.5 or part < 0.6")])) }
  }

  @Test func `without frames a part's time ends all the same`() throws {
    var parts = PartSettings(tracked)
    parts.patience = .seconds(3)
    let line = try Line(settings([rule("defect", rejects: true)], parts: parts))
    run(line, parts: 1, frames: 10)
    let deadline = try #require(line.inspector.deadline)
    line.inspector.expire(at: deadline.advanced(by: .milliseconds(-1)))
    line.take()
    #expect(line.outcomes.isEmpty)
    line.inspector.expire(at: deadline)
    line.take()
    #expect(verdicts(line) == ["unjudged lost"] && line.inspector.deadline == nil)
  }

  @Test func `another model, and the end, give up what is on its way`() throws {
    let wanted = try settings([rule("defect", rejects: true)], parts: PartSettings(tracked))
    let line = try Line(wanted)
    run(line, parts: 1, frames: 10)
    line.inspector.adopt(try InspectionPlan(wanted, labels: ["defect", "part"], isClassification: false, threshold: 0.5))
    line.take()
    #expect(verdicts(line) == ["unjudged interrupted"])
    line.inspector.interrupt()
    line.take()
    #expect(line.outcomes.count == 1)
  }

  @Test func `a triggered frame is a part: judged, or told as missing`() throws {
    let line = try Line(settings([rule("defect >= 0.6", rejects: true)], parts: PartSettings(.trigger)))
    line.see([])
    line.see([found("defect", 50)])
    line.see([found("defect", 50, score: 0.55)])
    line.see([], isSound: false)
    line.see([], missing: 3)
    #expect(verdicts(line) == ["pass", "reject", "pass", "unjudged model_fault", "unjudged missed_frame", "pass"])
    #expect(line.outcomes.map(\.number) == [1, 2, 3, 4, 7, 8] && line.outcomes[4].count == 3 && line.outcomes[4].moment == nil)
    #expect(line.inspector.counters.unjudged == 4)
    #expect(line.outcomes[1].moment == Line.moment(2))
  }

  @Test func `a class that the model hasn't is an error, whatever asks for it`() throws {
    let wanted = try settings([rule("scratch")], parts: PartSettings(tracked))
    let first = #expect(throws: InspectionError.self) { try Line(wanted) }
    #expect(first?.message == "rule r: column 1: the model has no class \"scratch\"; known: part, defect")
    let second = #expect(throws: InspectionError.self) { try Line(settings([], parts: PartSettings(tracked)), labels: ["pard"]) }
    #expect(second?.message == "parts: the model has no class \"part\"; did you mean \"pard\"?")
    #expect(throws: InspectionError.self) { try Line(settings([], parts: PartSettings(tracked)), isClassification: true) }
  }
}
