import Foundation
import TestBroker
import TestPackages
import Testing

/// A folder with a sound, a package of single words, and a configuration that listens.
private final class ListeningScene: Sendable {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-listens-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder.appendingPathComponent("sounds"), withIntermediateDirectories: true)
    try Data(HearingPackage.bytes()).write(to: folder.appendingPathComponent("words.swiftlet"))
    try Data(FixedPackage.bytes()).write(to: folder.appendingPathComponent("image.swiftlet"))
    try Data(HearingPackage.spokenWAV).write(to: folder.appendingPathComponent("sounds/said.wav"))
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  var configuration: URL { folder.appendingPathComponent("swiftlet.yaml") }

  /// - Parameter frames: of a camera beside the microphone; none without.
  func write(broker: String?, loops: Bool = true, model: String = "words.swiftlet", frames: Int? = nil) throws {
    let camera = frames.map { frames in
      """
        surface: {camera: line, model: image.swiftlet, detections: all, threads: 1, frames: \(frames)}
      cameras:
        line: {source: "simulated:conveyor", size: 160x120, frame_rate: 30}
      """
    }
    let text = """
      device: {id: line-3, site: plant-a}
      storage: {path: state, outbox: 10 MB}
      \(broker.map { "mqtt: {url: \"\($0)\", health_interval: 1 s, commands: [status]}" } ?? "")
      microphones:
        desk: {source: "folder:sounds", loop: \(loops)}
      pipelines:
        voice:
          microphone: desk
          model: \(model)
          pause: 300 ms
          partial: true
          commands: [{say: stop, confidence: 0.7, then: [event]}]
      \(camera ?? "")

      """
    try Data(text.utf8).write(to: configuration)
  }

  func daemon() throws -> RunningProgram { try RunningProgram("swiftletd", ["--config", configuration.path]) }
}

@Suite(.serialized) struct SpeechTests {
  @Test(.enabled(if: RealBroker.isAvailable))
  func `what is said becomes transcripts and events at a broker, each payload by its schema`() throws {
    let broker = try RealBroker()
    let watcher = try Watcher(broker)
    let scene = try ListeningScene()
    try scene.write(broker: broker.url, frames: 10_000)
    let daemon = try scene.daemon()
    #expect(watcher.wait(for: 1, of: "/voice/events"), "\(daemon.errorText)")
    #expect(watcher.wait(for: 1, of: "/health") && watcher.wait(for: 5, of: "/surface/detections"))
    try watcher.publish(.init(topic: "swiftlet/v1/plant-a/line-3/command", payload: Array(#"{"schema":1,"command":"status"}"#.utf8), correlationData: [7]))
    #expect(watcher.wait(for: 1, of: "/command/reply"))
    daemon.signal(SIGTERM)
    #expect(daemon.waitForEnd() == 0, "\(daemon.errorText)")
    #expect(watcher.waitForState("offline"))
    #expect(try watcher.complaints(expecting: ["transcript=2", "spoken-command=1", "detections=5", "state=2", "health=1", "command-reply=1"]) == "")
    func payloads(_ ending: String) throws -> [[String: Any]] {
      try watcher.messages.all.filter { $0.topic.hasSuffix(ending) }.map {
        try #require(JSONSerialization.jsonObject(with: Data($0.payload)) as? [String: Any])
      }
    }
    let told = try payloads("/voice/transcript")
    let partial = try #require(told.first { $0["final"] as? Bool == false })
    let final = try #require(told.first { $0["final"] as? Bool == true })
    #expect(final["text"] as? String == "stop" && partial["text"] as? String == "stop" && final["confidence"] as? Double == 0.75)
    #expect(final["utterance"] as? Int == 0 && partial["utterance"] as? Int == 0 && partial["session"] as? String == final["session"] as? String)
    #expect(partial["epoch"] as? String != final["epoch"] as? String)
    let event = try #require(try payloads("/voice/events").first)
    #expect(event["command"] as? String == "stop" && event["session"] as? String == final["session"] as? String)
    let status = try #require(try payloads("/command/reply").first?["status"] as? [String: Any])
    #expect(status["microphones"] as? [String: String] == ["desk": "listening"])
  }

  @Test func `a folder that is heard once ends the agent, with a camera that has ended before, and what was said waits in the outbox`() throws {
    let scene = try ListeningScene()
    try scene.write(broker: "mqtt://localhost:\(try LoopbackPort.free())", loops: false, frames: 5)
    let daemon = try scene.daemon()
    #expect(daemon.waitForEnd() == 0, "\(daemon.errorText)")
    #expect(daemon.errorText.contains("7 messages wait in the outbox for the next start"), "\(daemon.errorText)")
    #expect(daemon.errorText.contains("microphone desk: S16, 16000 Hz, 1 channel"), "\(daemon.errorText)")
  }

  @Test func `a pipeline that the fleet has paused hears nothing, also after a start`() throws {
    let scene = try ListeningScene()
    try scene.write(broker: "mqtt://localhost:\(try LoopbackPort.free())", loops: false)
    try FileManager.default.createDirectory(at: scene.folder.appendingPathComponent("state"), withIntermediateDirectories: true)
    try Data("voice\n".utf8).write(to: scene.folder.appendingPathComponent("state/paused"))
    let daemon = try scene.daemon()
    #expect(daemon.waitForEnd() == 0, "\(daemon.errorText)")
    #expect(daemon.errorText.contains("pipeline voice: paused by a command of the fleet"), "\(daemon.errorText)")
    #expect(!daemon.errorText.contains("wait in the outbox for the next start"), "\(daemon.errorText)")
  }

  @Test func `SIGHUP begins to listen anew, and a model that hears nothing doesn't replace one that does`() throws {
    let scene = try ListeningScene()
    try scene.write(broker: nil)
    let daemon = try scene.daemon()
    #expect(daemon.waitForError("microphone desk: S16"), "\(daemon.errorText)")
    try scene.write(broker: nil, model: "image.swiftlet")
    daemon.signal(SIGHUP)
    #expect(daemon.waitForError("is for detection and hears nothing"), "\(daemon.errorText)")
    try scene.write(broker: nil, loops: false)
    daemon.signal(SIGHUP)
    #expect(daemon.waitForEnd() == 0, "\(daemon.errorText)")
    #expect(daemon.errorText.contains("applying the new configuration") && daemon.errorText.contains("ended in order"), "\(daemon.errorText)")
  }

  @Test func `the daemon is linked to no library for sound files, which the command is`() throws {
    func names(_ program: String) throws -> Bool {
      try Data(contentsOf: Programs.folder.appendingPathComponent(program)).range(of: Data("libsndfile.so".utf8)) != nil
    }
    #expect(try !names("swiftletd"))
    #expect(try names("swiftlet"))
  }
}
