import ObjectDetection
import Pipelines
import Testing

@testable import Inspection

/// Parts that come and go by regions.
@Suite struct DoorTests {
  private static let labels = ["part", "defect"]

  /// Frames of 100 × 100 pixels, a tenth of a second apart; parts come in the left third and go in the right one.
  private final class Table {
    let inspector: Inspector
    private var frame: UInt64 = 0
    private var lead = Duration.zero
    private(set) var outcomes: [PartOutcome] = []

    init() throws {
      var settings = InspectionSettings()
      settings.regions = [("in", Float(0.05), Float(0.3)), ("out", 0.7, 0.95)].map { name, left, right in
        Region(name: name, corners: [(left, 0.1), (right, 0.1), (right, 0.9), (left, 0.9)].map { FramePoint(x: $0.0, y: $0.1) })
      }
      var rule = RuleSettings(name: "r", when: try Expression(parsing: "defect"))
      rule.rejects = true
      (settings.rules, settings.tracking) = ([rule], .init())
      settings.parts = PartSettings(.tracked(label: "part", entry: "in", exit: "out"))
      inspector = Inspector(settings, try InspectionPlan(settings, labels: DoorTests.labels, isClassification: false, threshold: 0.5))
      // What appears in the first frames hasn't come.
      for _ in 0..<5 { see() }
    }

    static func moment(_ frame: UInt64) -> MonotonicInstant { MonotonicInstant(nanoseconds: 1_000_000_000 + frame * 100_000_000) }

    /// - Parameter parts: middles of parts, with a defect or without.
    func see(_ parts: (x: Float, y: Float, isBad: Bool)...) {
      frame += 1
      var detections: [Detection] = []
      for part in parts {
        detections.append(Detection(label: 0, score: 0.9, box: Box(x: part.x - 10, y: part.y - 10, width: 20, height: 20)))
        if part.isBad { detections.append(Detection(label: 1, score: 0.8, box: Box(x: part.x - 2, y: part.y - 2, width: 4, height: 4))) }
      }
      inspector.inspect(&detections, frame: frame, capturedAt: Self.moment(frame).advanced(by: lead), width: 100, height: 100)
      outcomes += inspector.outcomes
    }

    func beAway(_ time: Duration) { lead += time }

    /// One part along the table, in steps of 5.
    func move(from start: Float, to end: Float, badAt: Set<Float> = []) {
      for x in stride(from: start, through: end, by: 5) { see((x, 50, badAt.contains(x))) }
    }

    var verdicts: [String] { outcomes.map { $0.obstacle == .none ? $0.verdict.rawValue : "\($0.verdict.rawValue) \($0.obstacle.rawValue)" } }
  }

  @Test func `a part that is put down in the entry and taken to the exit is judged once, when it reaches that`() throws {
    for (bad, verdict) in [(Set<Float>(), "pass"), ([50], "reject")] {
      let table = try Table()
      for _ in 0..<5 { table.see((20, 50, false)) }
      table.move(from: 25, to: 70, badAt: bad)
      // Trembling at the exit's edge.
      for x in [Float(71), 69, 71, 69, 71] { table.see((x, 50, false)) }
      #expect(table.verdicts == [verdict])
      // Between 65 and 70, in frames 19 and 20, and from 70 on it is inside.
      let moment = try #require(table.outcomes[0].moment)
      #expect(abs(moment.duration(to: Table.moment(20)) / .milliseconds(1)) < 60)
    }
  }

  @Test func `a part that comes in over the edge enters, too, from any side`() throws {
    let table = try Table()
    for y in stride(from: Float(0), through: 50, by: 5) { table.see((20, y, false)) }
    table.move(from: 25, to: 80)
    #expect(table.verdicts == ["pass"])
  }

  @Test func `a part that was never in the entry doesn't pass`() throws {
    let table = try Table()
    table.move(from: 45, to: 80)
    #expect(table.verdicts == ["unjudged unseen_entry"])
    let appeared = try Table()
    appeared.see((80, 50, false))
    #expect(appeared.verdicts == ["unjudged unseen_entry"])
  }

  @Test func `what was there when the camera began, or came back, hasn't entered`() throws {
    let table = try Table()
    for _ in 0..<5 { table.see((20, 50, true)) }
    // The camera is away for two seconds; the part, which was bad, is still in the entry.
    table.beAway(.seconds(2))
    // It isn't even found at once.
    for _ in 0..<3 { table.see() }
    for _ in 0..<5 { table.see((20, 50, false)) }
    table.move(from: 25, to: 80)
    #expect(table.verdicts == ["reject lost", "unjudged unseen_entry"])
  }

  @Test func `a part that is lost in the entry and found under another number doesn't pass`() throws {
    let table = try Table()
    table.see((15, 25, true))
    for _ in 0..<3 { table.see() }
    // Too far from where it was to be the same track.
    table.see((15, 75, false))
    for x in stride(from: Float(20), through: 80, by: 5) { table.see((x, 75, false)) }
    #expect(table.verdicts == ["unjudged lost"])
    table.inspector.interrupt()
    #expect(table.inspector.outcomes.map(\.verdict) == [.reject])
  }

  @Test func `a part that lies in the entry for longer than its patience, is lost and found under another number doesn't pass`() throws {
    let table = try Table()
    // Its defect is seen once, then never again; five seconds on it is given up.
    for frame in 0..<60 { table.see((15, 25, frame == 1)) }
    #expect(table.verdicts == ["reject lost"])
    for _ in 0..<3 { table.see() }
    for x in stride(from: Float(15), through: 80, by: 5) { table.see((x, 75, false)) }
    #expect(table.verdicts == ["reject lost", "unjudged lost"])
    // It isn't doubted for ever: a part that comes after that time passes.
    for _ in 0..<60 { table.see() }
    table.see((20, 50, false))
    table.move(from: 25, to: 80)
    #expect(table.verdicts.last == "pass")
  }

  @Test func `while a given-up part is seen, others aren't taken for it`() throws {
    let table = try Table()
    for _ in 0..<60 { table.see((15, 20, false)) }
    for _ in 0..<3 { table.see((15, 20, false), (15, 75, false)) }
    for x in stride(from: Float(20), through: 80, by: 5) { table.see((15, 20, false), (x, 75, false)) }
    #expect(table.verdicts == ["unjudged lost", "pass"])
  }

  @Test func `what never entered and is found under another number doesn't pass`() throws {
    let table = try Table()
    // There when the camera came back.
    table.beAway(.seconds(2))
    for _ in 0..<20 { table.see((15, 25, false)) }
    for _ in 0..<3 { table.see() }
    for x in stride(from: Float(15), through: 80, by: 5) { table.see((x, 75, false)) }
    #expect(table.verdicts == ["unjudged lost"])
  }

  @Test func `a second box on a part doesn't pass in its place`() throws {
    let table = try Table()
    for frame in 0..<5 { table.see((15, 30, frame == 1)) }
    // Two boxes on one part for a while; then only the second one's place is found.
    for _ in 0..<12 { table.see((15, 30, false), (15, 42, false)) }
    for x in stride(from: Float(15), through: 80, by: 5) { table.see((x, 45, false)) }
    #expect(!table.verdicts.contains("pass") && table.verdicts.contains("unjudged lost"), "\(table.verdicts)")
  }

  @Test func `a part that is covered in the exit for long comes back as one that was never seen to enter`() throws {
    let table = try Table()
    table.see((20, 50, false))
    table.move(from: 25, to: 80)
    for _ in 0..<10 { table.see((80, 50, false)) }
    #expect(table.verdicts == ["pass"])
    // As long as its track is kept it is the same one; 30 frames later it isn't.
    for _ in 0..<3 { table.see() }
    for _ in 0..<3 { table.see((80, 50, false)) }
    #expect(table.verdicts == ["pass"])
    for _ in 0..<40 { table.see() }
    for _ in 0..<3 { table.see((80, 50, false)) }
    #expect(table.verdicts == ["pass", "unjudged unseen_entry"])
  }

  @Test func `where a thing came in is on the edge that it crossed first`() {
    let square = Region(name: "r", corners: [(0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8)].map { FramePoint(x: $0.0, y: $0.1) })
    #expect(abs(square.entering(from: FramePoint(x: 0, y: 0.5), to: FramePoint(x: 0.4, y: 0.5)) - 0.5) < 1e-5)
    #expect(square.entering(from: FramePoint(x: 0.3, y: 0.5), to: FramePoint(x: 0.4, y: 0.5)) == 0)
    #expect(abs(square.entering(from: FramePoint(x: 0.5, y: 1), to: FramePoint(x: 0.5, y: 0.6)) - 0.5) < 1e-5)
  }
}
