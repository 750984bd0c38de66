import Foundation
import TestPackages
import Testing

@Suite(.serialized) struct BadInputTests {
  /// Runs the daemon on a scene that it must refuse, and gives its one line.
  private func refusal(_ scene: Scene) throws -> String {
    let daemon = try scene.daemon()
    #expect(daemon.waitForEnd() == 1, "\(daemon.errorText)")
    let complaints = daemon.errorLines.filter { $0.contains("error: ") }
    #expect(complaints.count == 1, "\(daemon.errorText)")
    return complaints.first ?? ""
  }

  @Test func `a mistyped setting is named with its line and the right name`() throws {
    let scene = try Scene()
    scene.camera = "{source: \"folder:images\", fram_rate: 20}"
    #expect(try refusal(scene).contains("swiftlet.yaml:4: unknown key \"fram_rate\" in cameras.top; did you mean \"frame_rate\"?"))
    let check = try RunningProgram("swiftlet", ["config", "check", scene.configuration])
    #expect(check.waitForEnd() == 1)
    #expect(check.outputText.contains("swiftlet.yaml:4: unknown key"))
  }

  @Test(arguments: [
    (["infr", "m.swiftlet"], "did you mean 'infer'?"), (["config", "chek", "f"], "'swiftlet config' has no command 'chek'; did you mean 'check'?"),
    (["xyzzy"], "there are: demo"), (["help", "inspct"], "did you mean 'inspect'?"),
    (["infer", "m.swiftlet", "--tensor", "x=x.npy", "--annotate", "out"], "--annotate and --threshold are for images"),
  ])
  func `a mistyped command is told what is right`(arguments: [String], hint: String) throws {
    let program = try RunningProgram("swiftlet", arguments)
    #expect(program.waitForEnd() == 2)
    #expect(program.errorLines.count == 1 && program.errorText.contains(hint), "\(program.errorText)")
  }

  @Test func `a data set is written to a new folder that has room`() throws {
    let scene = try Scene()
    let full = try RunningProgram("swiftlet", ["demo", "--write-dataset", scene.folder.path, "--frames", "1"])
    #expect(full.waitForEnd() == 2 && full.errorText.contains("is not empty"), "\(full.errorText)")
    let huge = try RunningProgram("swiftlet", ["demo", "--write-dataset", scene.folder.path + "/new", "--frames", "9000000000000"])
    #expect(huge.waitForEnd() == 1 && huge.errorText.contains("are free"), "\(huge.errorText)")
    #expect(!FileManager.default.fileExists(atPath: scene.folder.path + "/new"))
    let small = try RunningProgram("swiftlet", ["demo", "--write-dataset", scene.folder.path + "/new", "--frames", "1"])
    #expect(small.waitForEnd() == 0, "\(small.errorText)")
  }

  @Test func `the demo refuses a model of other things than its line shows`() throws {
    let scene = try Scene()
    let other = scene.folder.appendingPathComponent("other.swiftlet")
    try Data(FixedPackage.bytes(labels: ["cat", "dog"])).write(to: other)
    let demo = try RunningProgram("swiftlet", ["demo", "--model", other.path, "--frames", "3"])
    #expect(demo.waitForEnd() == 2 && demo.errorText.contains("finds cat, dog") && demo.errorText.contains("scratch"), "\(demo.errorText)")
  }

  @Test func `a check of the configuration opens the model`() throws {
    let scene = try Scene()
    let configuration = try scene.write()
    let check = { try RunningProgram("swiftlet", ["config", "check", configuration]) }
    #expect(try check().waitForEnd() == 0)
    try Data("this is no package".utf8).write(to: scene.package)
    let refused = try check()
    #expect(refused.waitForEnd() == 1)
    #expect(refused.outputText.contains("swiftlet.yaml:6: pipelines.") && refused.outputText.contains("fixed.swiftlet"), "\(refused.outputText)")
  }

  @Test func `a missing model is named with what to do`() throws {
    let scene = try Scene()
    scene.pipeline = "{camera: top, model: gone}"
    let line = try refusal(scene)
    #expect(line.contains("swiftlet.yaml:6:") && line.contains("gone.swiftlet does not exist; copy the package there"), "\(line)")
  }

  @Test(arguments: [("flipped", 200), ("cut", 0), ("empty", 0), ("text", 0)])
  func `a damaged package is refused`(kind: String, position: Int) throws {
    let scene = try Scene()
    var bytes = try Data(contentsOf: scene.package)
    switch kind {
    case "flipped": bytes[bytes.count - 5] ^= 0x10
    case "cut": bytes.removeLast(bytes.count / 2)
    case "empty": bytes = Data()
    default: bytes = Data("this is no package, whatever its name says".utf8)
    }
    try bytes.write(to: scene.package)
    #expect(try refusal(scene).contains("fixed.swiftlet"))
  }

  @Test func `a folder without images says what belongs there`() throws {
    let scene = try Scene()
    let empty = scene.folder.appendingPathComponent("empty")
    try FileManager.default.createDirectory(at: empty, withIntermediateDirectories: true)
    scene.camera = "{source: \"folder:empty\"}"
    #expect(try refusal(scene).contains("empty"))
  }

  @Test func `files that are no images are skipped, the others processed`() throws {
    let scene = try Scene()
    let images = scene.folder.appendingPathComponent("images")
    try Data("no image".utf8).write(to: images.appendingPathComponent("000.jpg"))
    try Data().write(to: images.appendingPathComponent("001.jpg"))
    try Data([0xFF, 0xD8, 0xFF, 0xE0, 0, 16]).write(to: images.appendingPathComponent("002.jpg"))
    scene.pipeline = "{camera: top, model: fixed, frames: 4}"
    let daemon = try scene.daemon()
    #expect(daemon.waitForEnd() == 0, "\(daemon.errorText)")
  }

  @Test func `a camera that isn't there is waited for`() throws {
    let scene = try Scene()
    scene.camera = "{source: \"v4l2:/dev/video97\"}"
    let daemon = try scene.daemon()
    #expect(daemon.waitForError("camera top: waiting:"), "\(daemon.errorText)")
    daemon.signal(SIGTERM)
    #expect(daemon.waitForEnd() == 0, "\(daemon.errorText)")
  }

  @Test func `a broker that isn't there is waited for`() throws {
    let scene = try Scene()
    scene.mqtt = "{url: \"mqtt://localhost:9\"}"
    let daemon = try scene.daemon()
    #expect(daemon.waitForError("results wait in the outbox"), "\(daemon.errorText)")
    daemon.signal(SIGINT)
    #expect(daemon.waitForEnd() == 0, "\(daemon.errorText)")
  }

  @Test func `the foreground agent ends in order, too`() throws {
    let scene = try Scene()
    let run = try RunningProgram("swiftlet", ["run", "--config", try scene.write()])
    #expect(run.waitForError("camera top: "), "\(run.errorText)")
    run.signal(SIGINT)
    #expect(run.waitForEnd() == 0, "\(run.errorText)")
    #expect(run.errorText.contains("ended in order"))
  }

  @Test func `a second agent on the same outbox is refused`() throws {
    let scene = try Scene()
    let first = try scene.daemon()
    #expect(first.waitForError("camera top: "), "\(first.errorText)")
    #expect(try refusal(scene).contains("outbox"))
    first.signal(SIGTERM)
    #expect(first.waitForEnd() == 0)
  }

  @Test func `a changed configuration is applied by SIGHUP, a bad one never replaces a good one`() throws {
    let scene = try Scene()
    let daemon = try scene.daemon()
    #expect(daemon.waitForError("camera top: "))
    scene.pipeline = "{camera: top, model: gone}"
    try scene.write()
    daemon.signal(SIGHUP)
    #expect(daemon.waitForError("the configuration stays as it was"), "\(daemon.errorText)")
    scene.pipeline = "{camera: top, model: fixed, frames: 3}"
    try scene.write()
    daemon.signal(SIGHUP)
    #expect(daemon.waitForEnd() == 0, "\(daemon.errorText)")
    #expect(daemon.errorText.contains("applying the new configuration"))
  }

  @Test(.enabled(if: SmallDisk.isPossible)) func `a full disk is one line, at the start and later`() throws {
    let disk = try SmallDisk()
    let scene = try Scene()
    scene.storage = "{path: \"\(disk.path)/state\", outbox: 10 MB}"
    scene.pipeline = "{camera: top, model: state/models/fixed.swiftlet}"
    try disk.fill(leaving: 0)
    #expect(try refusal(scene).contains(disk.path))
    try disk.clear()
    let daemon = try scene.daemon()
    #expect(daemon.waitForError("camera top: "), "\(daemon.errorText)")
    try disk.fill(leaving: 0)
    // Either nothing can be written, or giving up the oldest makes room for the newest.
    #expect(daemon.waitForError("results are being lost", "will not be delivered (storage_full)"), "\(daemon.errorText)")
    daemon.signal(SIGTERM)
    #expect(daemon.waitForEnd() == 0, "\(daemon.errorText)")
  }

  @Test(arguments: [["--confg"], ["--config"], ["extra"]])
  func `wrong arguments end with status 2 and one line`(arguments: [String]) throws {
    let daemon = try RunningProgram("swiftletd", arguments)
    #expect(daemon.waitForEnd() == 2)
    #expect(daemon.errorLines.count == 1)
  }

  @Test func `help and version need nothing`() throws {
    for argument in ["--help", "--version"] {
      for program in ["swiftlet", "swiftletd"] {
        let run = try RunningProgram(program, [argument])
        #expect(run.waitForEnd() == 0)
        #expect(!run.outputText.isEmpty)
        #expect(run.errorText.isEmpty)
      }
    }
  }
}
