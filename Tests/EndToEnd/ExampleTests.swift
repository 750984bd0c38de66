import Foundation
import TestBroker
import Testing

@Suite struct ExampleTests {
  static let files: [String] = {
    let folder = Programs.packageRoot.appendingPathComponent("Examples").path
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasSuffix(".yaml") }.sorted().map { "\(folder)/\($0)" }
  }()

  @Test func `there are examples`() { #expect(Self.files.count >= 4) }

  @Test(arguments: ExampleTests.files)
  func `an example is a good configuration without warnings`(path: String) throws {
    let check = try RunningProgram("swiftlet", ["config", "check", path])
    #expect(check.waitForEnd() == 0, "\(check.outputText)")
    #expect(!check.outputText.contains("(warning)"), "\(check.outputText)")
  }

  /// With a folder instead of a sound card, in a folder of its own: what was heard waits there.
  @Test func `the example that listens hears a word, which is a transcript and an event`() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-example-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder.appendingPathComponent("sounds"), withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let root = Programs.packageRoot
    try FileManager.default.copyItem(
      at: root.appendingPathComponent("Tests/swiftlet/Golden/spoken_stop.wav"), to: folder.appendingPathComponent("sounds/stop.wav"))
    var text = try String(contentsOf: root.appendingPathComponent("Examples/microphone.yaml"), encoding: .utf8)
    for (old, new) in [
      ("model: spoken-commands/", "model: \(root.path)/Examples/spoken-commands/"), ("/tmp/swiftlet-example", folder.path),
      ("{source: \"alsa:default\"}", "{source: \"folder:\(folder.path)/sounds\", loop: false}"),
    ] {
      #expect(text.contains(old))
      text = text.replacing(old, with: new)
    }
    // Nobody answers there, so the messages stay.
    text += "mqtt: {url: \"mqtt://localhost:\(try LoopbackPort.free())\"}\n"
    let path = folder.appendingPathComponent("microphone.yaml")
    try Data(text.utf8).write(to: path)
    let run = try RunningProgram("swiftlet", ["run", "--config", path.path])
    #expect(run.waitForEnd() == 0, "\(run.errorText)")
    #expect(run.errorText.contains("2 messages wait in the outbox for the next start"), "\(run.errorText)")
  }

  @Test func `the folder example runs to its end`() throws {
    let path = Programs.packageRoot.appendingPathComponent("Examples/folder.yaml").path
    let run = try RunningProgram("swiftlet", ["run", "--config", path])
    #expect(run.waitForEnd() == 0, "\(run.errorText)")
  }

  /// Shortened, and in a folder of its own.
  @Test func `the example of a belt judges its parts, and rejects some`() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-example-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var text = try String(contentsOfFile: "\(Programs.packageRoot.path)/Examples/belt-gate.yaml", encoding: .utf8)
    for (old, new) in [
      ("../", "\(Programs.packageRoot.path)/"), ("/tmp/swiftlet-example", folder.path), ("/dev/ttyACM0", "\(folder.path)/none"),
    ] {
      #expect(text.contains(old))
      text = text.replacing(old, with: new)
    }
    let path = folder.appendingPathComponent("belt.yaml")
    try Data(text.utf8).write(to: path)
    let run = try RunningProgram("swiftlet", ["run", "--config", path.path])
    var decisions: [String: Int] = [:]
    for _ in 0..<600 where decisions["passed", default: 0] == 0 || decisions["rejected", default: 0] == 0 {
      usleep(200_000)
      let status = try RunningProgram("swiftlet", ["status", "--config", path.path, "--json"])
      guard status.waitForEnd() == 0, let json = try JSONSerialization.jsonObject(with: Data(status.outputText.utf8)) as? [String: Any] else { continue }
      let pipeline = (json["pipelines"] as? [[String: Any]])?.first
      decisions = pipeline?["decisions"] as? [String: Int] ?? [:]
    }
    #expect(decisions["passed", default: 0] > 0 && decisions["rejected", default: 0] > 0, "\(decisions) \(run.errorText)")
    run.signal(SIGTERM)
    #expect(run.waitForEnd() == 0, "\(run.errorText)")
  }

  /// Shortened, and in a folder of its own.
  @Test func `the example with a gate judges parts without one`() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-example-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let root = Programs.packageRoot.path
    var text = try String(contentsOfFile: "\(root)/Examples/reject-gate.yaml", encoding: .utf8)
    for (old, new) in [
      ("../", "\(root)/"), ("/tmp/swiftlet-example", folder.path), ("/dev/ttyACM0", "\(folder.path)/none"), ("frame_rate: 2", "frame_rate: 50"),
      ("detections: all", "detections: all\n    frames: 6"),
    ] {
      #expect(text.contains(old))
      text = text.replacing(old, with: new)
    }
    let path = folder.appendingPathComponent("gate.yaml")
    try Data(text.utf8).write(to: path)
    let run = try RunningProgram("swiftlet", ["run", "--config", path.path])
    #expect(run.waitForEnd() == 0, "\(run.errorText)")
    #expect(run.errorText.contains("gate reject: there is no device \(folder.path)/none; parts get its safe position"), "\(run.errorText)")
  }
}
