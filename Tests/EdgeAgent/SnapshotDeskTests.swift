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
    // Damaged on the disk, it goes as it is; nothing is read beyond it.
    for length in 0..<kept.count { _ = SnapshotMessage.outgoing("p/snapshot", Array(kept[..<length]), expiry: nil) }
    #expect(SnapshotMessage.outgoing("p/snapshot", Array("no facts".utf8), expiry: nil) == nil)
  }
}
