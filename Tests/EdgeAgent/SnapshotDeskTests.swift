import Glibc
@testable import EdgeAgent
import Imaging
@testable import Inspection
import ModelManifest
import ObjectDetection
@testable import Outbox
import Pipelines
import Supervision
import TestBroker
import TestPackages
import Testing

@Suite struct SnapshotDeskTests {
  private static func settings() throws -> PipelineSettings {
    var settings = PipelineSettings(name: "p", camera: "c", modelPath: "")
    var pictured = RuleSettings(name: "scratched", when: try Expression(parsing: "scratch"))
    pictured.takesSnapshot = true
    settings.inspection.rules = [RuleSettings(name: "other", when: try Expression(parsing: "stain")), pictured]
    return settings
  }

  private static func result(_ events: [RuleEvent]) -> FrameResult {
    let description = PipelineDescription(name: "p", camera: "c", reporting: .any, FixedPackage.manifest(name: "fixed", threshold: 0.3))
    let result = FrameResult(pipeline: description, detectionLimit: 8)
    (result.frameNumber, result.capturedAt, result.ruleEvents) = (7, WallTime(microseconds: 42), events)
    result.detections = [Detection(label: 0, score: 0.9, box: Box(x: 60, y: 40, width: 30, height: 30))]
    return result
  }

  @Test func `a picture shows the frame with what was found in it`() throws {
    try RGBImage(width: 160, height: 120).withView { view in try check(view) }
  }

  private func check(_ view: ImageView) throws {
    let pictures = Recorder<SnapshotMessage>()
    let desk = SnapshotDesk(try Self.settings(), ledger: ProgressLedger()) { pictures.append($0) }
    try desk.start()
    // Room is made for the first frame, which passes.
    let limit = MonotonicClock.now().advanced(by: .seconds(20))
    while !desk.offer(view), MonotonicClock.now() < limit {}
    // Only the begin of a rule that wants a picture gives one.
    let (quiet, ended) = (Self.result([RuleEvent(rule: 0, kind: .begin, evidence: 0)]), Self.result([RuleEvent(rule: 1, kind: .end, evidence: -1)]))
    desk.submit(quiet, isTaken: true)
    #expect(desk.offer(view) && quiet.snapshotRule == -1)
    desk.submit(ended, isTaken: true)
    #expect(desk.offer(view))
    let begun = Self.result([RuleEvent(rule: 0, kind: .begin, evidence: 0), RuleEvent(rule: 1, kind: .begin, evidence: 0)])
    desk.submit(begun, isTaken: true)
    #expect(pictures.wait { $0.count == 1 })
    #expect(begun.snapshotRule == 1)
    let picture = pictures.all[0]
    #expect((picture.frame, picture.capturedAt, picture.rule) == (7, WallTime(microseconds: 42), "scratched"))
    let image = try RGBImage(decoding: picture.jpeg, named: "snapshot.jpg")
    #expect(image.width == 160 && image.height == 120)
    // The box's left edge is of the class's colour, first red.
    let at = 3 * (55 * 160 + 60)
    #expect(image.pixels[at] > 180 && image.pixels[at + 1] < 140 && image.pixels[at + 2] < 140, "\(image.pixels[at..<at + 3])")
    // Without room a picture is missed, and counted; so is one too soon behind another.
    desk.submit(begun, isTaken: false)
    #expect(begun.snapshotRule == -1 && desk.missedCount == 1)
    desk.submit(begun, isTaken: true, at: MonotonicClock.now().advanced(by: .zero - SnapshotDesk.leastPause))
    #expect(begun.snapshotRule == -1 && desk.missedCount == 2)
    while !desk.offer(view), MonotonicClock.now() < limit {}
    desk.submit(begun, isTaken: true, at: MonotonicClock.now().advanced(by: SnapshotDesk.leastPause))
    #expect(begun.snapshotRule == 1 && desk.missedCount == 2)
    desk.stop()
  }

  /// A desk whose first frame has been, for which room is made.
  private func makeDesk(
    _ settings: PipelineSettings, _ pictures: TestBroker.Recorder<SnapshotMessage>, overdue: TestBroker.Recorder<String> = TestBroker.Recorder<String>(),
    patience: Duration = .seconds(600),
    _ view: ImageView
  ) throws -> SnapshotDesk {
    let desk = SnapshotDesk(
      settings, commands: ["look", "look again"], patience: patience, ledger: ProgressLedger(), onOverdue: { overdue.append($0) }, tell: { pictures.append($0) }
    )
    try desk.start()
    _ = desk.offer(view)
    return desk
  }

  /// Offers frames until one is taken.
  private func isTaken(by desk: SnapshotDesk, _ view: ImageView) -> Bool {
    let limit = MonotonicClock.now().advanced(by: .seconds(20))
    while MonotonicClock.now() < limit { if desk.offer(view) { return true } }
    return false
  }

  @Test func `a command gets a picture of the next frame, and without one no frame is copied`() throws {
    try RGBImage(width: 160, height: 120).withView { view in
      let pictures = Recorder<SnapshotMessage>()
      let desk = try makeDesk(PipelineSettings(name: "p", camera: "c", modelPath: ""), pictures, view)
      let result = Self.result([])
      for _ in 0..<3 { #expect(!desk.offer(view)) }
      desk.submit(result, isTaken: false)
      desk.ask(for: "look again")
      #expect(isTaken(by: desk, view))
      desk.submit(result, isTaken: true)
      #expect(pictures.wait { $0.count == 1 })
      let picture = pictures.all[0]
      #expect((picture.rule, picture.command, picture.frame) == (nil, "look again", 7) && result.snapshotRule == -1 && desk.missedCount == 0)
      #expect(try RGBImage(decoding: picture.jpeg, named: "snapshot.jpg").width == 160)
      // What is asked for too soon behind a picture waits for its time, and what is asked for meanwhile is missed.
      desk.ask(for: "look")
      desk.ask(for: "look again")
      #expect(desk.missedCount == 1 && isTaken(by: desk, view))
      desk.submit(result, isTaken: true, at: MonotonicClock.now().advanced(by: .zero - SnapshotDesk.leastPause))
      #expect(desk.offer(view))
      desk.submit(result, isTaken: true, at: MonotonicClock.now().advanced(by: SnapshotDesk.leastPause))
      #expect(pictures.wait { $0.count == 2 } && pictures.all[1].command == "look")
      desk.ask(for: "never configured")
      #expect(desk.missedCount == 1)
      // The desk is free again once it takes a frame; without a request it takes none, though free.
      desk.ask(for: "look")
      #expect(isTaken(by: desk, view))
      desk.submit(result, isTaken: true, at: MonotonicClock.now().advanced(by: SnapshotDesk.leastPause * 2))
      #expect(pictures.wait { $0.count == 3 })
      usleep(200_000)
      for _ in 0..<100 { #expect(!desk.offer(view)) }
      // What nobody answers any more is missed, and what is asked for then.
      desk.ask(for: "look")
      desk.stop()
      #expect(desk.missedCount == 2 && !desk.ask(for: "look") && desk.missedCount == 3)
    }
  }

  @Test func `where a rule begins in the frame that a command gets, one picture is of both`() throws {
    try RGBImage(width: 160, height: 120).withView { view in
      let pictures = Recorder<SnapshotMessage>()
      let desk = try makeDesk(try Self.settings(), pictures, view)
      let begun = Self.result([RuleEvent(rule: 1, kind: .begin, evidence: 0)])
      desk.ask(for: "look")
      #expect(isTaken(by: desk, view))
      // A frame that no model looks at has no rule's picture.
      #expect(desk.offer(view, isUnseen: true))
      desk.submit(begun, isTaken: true)
      #expect(pictures.wait { $0.count == 1 } && begun.snapshotRule == 1)
      #expect((pictures.all[0].rule, pictures.all[0].command) == ("scratched", "look") && desk.missedCount == 0)
      #expect(isTaken(by: desk, view) && !desk.offer(view, isUnseen: true))
      // Too soon for both; the rule's is missed, the other one waits.
      desk.ask(for: "look")
      desk.submit(begun, isTaken: true, at: MonotonicClock.now().advanced(by: .zero - SnapshotDesk.leastPause))
      #expect(desk.missedCount == 1)
      desk.answer(begun, isTaken: true, at: MonotonicClock.now().advanced(by: SnapshotDesk.leastPause))
      #expect(pictures.wait { $0.count == 2 } && pictures.all[1].rule == nil && desk.missedCount == 1)
      desk.stop()
    }
  }

  @Test func `where no frame comes in time the picture is missed, told, and not made later`() throws {
    try RGBImage(width: 160, height: 120).withView { view in
      let (pictures, overdue) = (Recorder<SnapshotMessage>(), Recorder<String>())
      let desk = try makeDesk(PipelineSettings(name: "p", camera: "c", modelPath: ""), pictures, overdue: overdue, patience: .milliseconds(50), view)
      desk.ask(for: "look")
      #expect(overdue.wait { $0 == ["look"] } && desk.missedCount == 1)
      #expect(!desk.offer(view))
      desk.submit(Self.result([]), isTaken: false)
      // The next one is asked for as if nothing had been.
      desk.ask(for: "look again")
      #expect(overdue.wait { $0 == ["look", "look again"] } && desk.missedCount == 2 && pictures.all.isEmpty)
      desk.ask(for: "look")
      desk.stop()
      #expect(pictures.all.isEmpty)
    }
  }

  @Test func `pictures take a quarter of the outbox at most`() {
    #expect(StorageSettings(path: "/x", outboxByteCount: 100_000_000).outbox(.swiftlet).classLimits["snapshot"]?.byteLimit == 25_000_000)
  }

  @Test func `in the outbox facts stand before the picture, and go as user properties`() throws {
    let message = SnapshotMessage(
      capturedAt: WallTime(microseconds: 1_000_000), clock: .current(), frame: 7, rule: "scratched", jpeg: [0xFF, 0xD8, 10, 10, 0, 0xFF])
    let kept = message.encoded(as: MessageNumber(epoch: "0123456789abcdef", sequence: 9))
    let outgoing = try #require(SnapshotMessage.outgoing("swiftlet/v1/s/d/p/snapshot", kept, expiry: nil))
    #expect(outgoing.payload == message.jpeg && outgoing.contentType == "image/jpeg")
    #expect(outgoing.userProperties.map(\.name) == ["schema", "epoch", "sequence", "captured_at", "clock", "frame", "rule"])
    #expect(outgoing.userProperties.map(\.value).prefix(4) == ["swiftlet/snapshot/1", "0123456789abcdef", "9", "1970-01-01T00:00:01.000000Z"])
    #expect(SnapshotMessage.outgoing("swiftlet/v1/s/d/p/events", kept, expiry: nil) == nil)
    // One that a command asked for says so, in one line that brokers take; whoever looks for a rule finds none.
    var asked = message
    (asked.rule, asked.command) = (nil, "look: here\r\nand \u{1}there")
    let words = try #require(SnapshotMessage.outgoing("p/snapshot", asked.encoded(as: MessageNumber(epoch: "0123456789abcdef", sequence: 10)), expiry: nil))
    #expect(words.userProperties.suffix(2).map { "\($0.name)=\($0.value)" } == ["rule=", "command=look: here  and  there"] && words.payload == message.jpeg)
    // Damaged on the disk, it goes as it is; nothing is read beyond it.
    for length in 0..<kept.count { _ = SnapshotMessage.outgoing("p/snapshot", Array(kept[..<length]), expiry: nil) }
    #expect(SnapshotMessage.outgoing("p/snapshot", Array("no facts".utf8), expiry: nil) == nil)
  }
}
