import Foundation
import MQTTTransport
import TestBroker
import TestPackages
import Testing

/// A camera, a microphone by which somebody says "stop" again and again, and another one that hears nothing.
private final class Hall: Sendable {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-hall-\(UUID().uuidString)")
    for name in ["sounds", "quiet"] { try FileManager.default.createDirectory(at: folder.appendingPathComponent(name), withIntermediateDirectories: true) }
    try Data(HearingPackage.bytes()).write(to: folder.appendingPathComponent("words.swiftlet"))
    try Data(FixedPackage.bytes()).write(to: folder.appendingPathComponent("image.swiftlet"))
    let sound = HearingPackage.spokenWAV
    try Data(sound).write(to: folder.appendingPathComponent("sounds/said.wav"))
    try Data(sound[..<44] + [UInt8](repeating: 0, count: sound.count - 44)).write(to: folder.appendingPathComponent("quiet/none.wav"))
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// - Parameters:
  ///   - then: what follows the word.
  ///   - otherThen: what would follow a word that nobody says.
  func daemon(_ broker: RealBroker, then: String, otherThen: String = "[event]") throws -> RunningProgram {
    let text = """
      device: {id: line-3, site: plant-a}
      storage: {path: state, outbox: 20 MB}
      mqtt: {url: "\(broker.url)", health_interval: 1 s}
      microphones: {desk: {source: "folder:sounds"}, door: {source: "folder:quiet"}}
      cameras: {line: {source: "simulated:conveyor", size: 160x120, frame_rate: 20}}
      pipelines:
        voice: {microphone: desk, model: words.swiftlet, pause: 300 ms, commands: [{say: "Stop!", confidence: 0.7, then: \(then)}]}
        door: {microphone: door, model: words.swiftlet, commands: [{say: start, then: \(otherThen)}]}
        surface: {camera: line, model: image.swiftlet, detections: all, threads: 1}

      """
    let configuration = folder.appendingPathComponent("swiftlet.yaml")
    try Data(text.utf8).write(to: configuration)
    return try RunningProgram("swiftletd", ["--config", configuration.path])
  }
}

@Suite(.enabled(if: RealBroker.isAvailable), .serialized) struct SpokenActionTests {
  /// The latest word on a pipeline's health.
  private func health(_ messages: [IncomingMessage]) -> [String: Any]? {
    guard let last = messages.last(where: { $0.topic.hasSuffix("/health") }) else { return nil }
    let health = (try? JSONSerialization.jsonObject(with: Data(last.payload))) as? [String: Any]
    return (health?["pipelines"] as? [String: Any])?["surface"] as? [String: Any]
  }

  private func isHealth(_ state: String, _ watcher: Watcher) -> Bool {
    watcher.messages.wait(limit: 60) { health($0)?["state"] as? String == state }
  }

  @Test func `a word brings a picture of what the camera sees, and no event where none is asked for`() throws {
    let (broker, hall) = (try RealBroker(), try Hall())
    let watcher = try Watcher(broker)
    let daemon = try hall.daemon(broker, then: "[{snapshot: surface}]")
    #expect(watcher.wait(for: 2, of: "/surface/snapshot"), "\(daemon.errorText)")
    #expect(watcher.wait(for: 2, of: "/voice/transcript") && watcher.wait(for: 1, of: "/health"))
    daemon.signal(SIGTERM)
    #expect(daemon.waitForEnd() == 0, "\(daemon.errorText)")
    let picture = try #require(watcher.messages.all.first { $0.topic.hasSuffix("/surface/snapshot") })
    let facts = Dictionary(picture.userProperties.map { ($0.name, $0.value) }) { first, _ in first }
    #expect(facts["command"] == "Stop!" && facts["rule"] == "" && facts["schema"] == "swiftlet/snapshot/1", "\(facts)")
    #expect(picture.payload.starts(with: [0xFF, 0xD8]) && picture.contentType == "image/jpeg")
    #expect(watcher.count("/voice/events") == 0)
    // A pipeline without rules says how many pictures it owes.
    let decisions = health(watcher.messages.all)?["decisions"] as? [String: Any]
    #expect(decisions?["snapshots_missed"] as? Int == 0, "\(String(describing: decisions))")
    #expect(try watcher.complaints(expecting: ["transcript=2", "health=1"]) == "")
  }

  @Test func `a word pauses an inspection, also over a power cut, until nothing could take it back any more`() throws {
    let (broker, hall) = (try RealBroker(), try Hall())
    let watcher = try Watcher(broker)
    let daemon = try hall.daemon(broker, then: "[event, {pause: surface}]", otherThen: "[{resume: surface}]")
    #expect(watcher.wait(for: 1, of: "/voice/events") && isHealth("paused", watcher), "\(daemon.errorText)")
    #expect(daemon.waitForError("paused by the spoken command \"Stop!\" (voice): surface"), "\(daemon.errorText)")
    daemon.signal(SIGKILL)
    _ = daemon.waitForEnd()
    #expect(try String(contentsOf: hall.folder.appendingPathComponent("state/paused-by-voice"), encoding: .utf8) == "surface\n")
    let again = try hall.daemon(broker, then: "[event, {pause: surface}]", otherThen: "[{resume: surface}]")
    #expect(again.waitForError("pipeline surface: paused by a spoken command, until one resumes it"), "\(again.errorText)")
    again.signal(SIGTERM)
    #expect(again.waitForEnd() == 0, "\(again.errorText)")
    let count = watcher.count("/surface/detections")
    let other = try hall.daemon(broker, then: "[event]")
    #expect(other.waitForError("a spoken command paused it, and none of this configuration resumes it"), "\(other.errorText)")
    #expect(watcher.wait(for: count + 3, of: "/surface/detections") && isHealth("running", watcher), "\(other.errorText)")
    #expect(!FileManager.default.fileExists(atPath: hall.folder.appendingPathComponent("state/paused-by-voice").path))
    other.signal(SIGTERM)
    #expect(other.waitForEnd() == 0, "\(other.errorText)")
    #expect(try watcher.complaints(expecting: ["spoken-command=1", "health=2", "detections=3"]) == "")
  }
}
