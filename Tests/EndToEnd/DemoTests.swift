import Foundation
import TestBroker
import Testing

@Suite(.serialized) struct DemoTests {
  private func folder() -> URL { FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-demo-\(UUID().uuidString)") }

  @Test func `the demo runs on its built-in model with nothing configured and sums itself up`() throws {
    let storage = folder()
    defer { try? FileManager.default.removeItem(at: storage) }
    let demo = try RunningProgram("swiftlet", ["demo", "--frames", "3", "--storage", storage.path, "--json"])
    #expect(demo.waitForEnd() == 0, "\(demo.errorText)")
    let summary = try #require(try JSONSerialization.jsonObject(with: Data(demo.outputText.utf8)) as? [String: Any])
    #expect(summary["frames"] as? Int == 3)
    #expect(summary["outbox"] as? String == storage.path)
    #expect((summary["peak_rss_mb"] as? Double ?? 0) > 1)
    #expect(demo.outputText.split(separator: "\n").count == 1)
    #expect(FileManager.default.fileExists(atPath: storage.path + "/outbox.sqlite"))
  }

  @Test func `elsewhere than at a terminal it writes plain lines and a summary`() throws {
    let storage = folder()
    defer { try? FileManager.default.removeItem(at: storage) }
    let demo = try RunningProgram("swiftlet", ["demo", "--frames", "2", "--storage", storage.path])
    #expect(demo.waitForEnd() == 0, "\(demo.errorText)")
    #expect(!demo.outputText.contains("\u{1B}"))
    for text in ["precision", "recall", "latency p50/p99", "peak resident memory", storage.path] { #expect(demo.outputText.contains(text), "\(text)") }
  }

  @Test(.enabled(if: RealBroker.isAvailable)) func `a broker that is named gets the results`() throws {
    let broker = try RealBroker()
    let storage = folder()
    defer { try? FileManager.default.removeItem(at: storage) }
    let watcher = try Watcher(broker)
    let demo = try RunningProgram("swiftlet", ["demo", "--frames", "2", "--storage", storage.path, "--broker", broker.url])
    #expect(demo.waitForEnd() == 0, "\(demo.errorText)")
    #expect(watcher.waitForState("offline"))
    #expect(try watcher.complaints(expecting: ["state=2"]) == "")
  }

  @Test func `it writes a labelled data set`() throws {
    let folder = folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let demo = try RunningProgram("swiftlet", ["demo", "--write-dataset", folder.path, "--frames", "2"])
    #expect(demo.waitForEnd() == 0, "\(demo.errorText)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/images").count == 2)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/labels").count == 2)
  }

  @Test(arguments: [["demo", "--frames", "0"], ["demo", "--broker", "http://x", "--frames", "1"], ["dmo"], ["camera", "show"]])
  func `wrong use ends with status 2 and one line`(arguments: [String]) throws {
    let run = try RunningProgram("swiftlet", arguments)
    #expect(run.waitForEnd() == 2, "\(run.outputText)")
    #expect(run.errorLines.count == 1, "\(run.errorText)")
  }

  @Test func `cameras are listed and shown`() throws {
    let list = try RunningProgram("swiftlet", ["camera", "list", "--json"])
    #expect(list.waitForEnd() == 0)
    #expect((try? JSONSerialization.jsonObject(with: Data(list.outputText.utf8))) is [Any])
    let scene = try Scene()
    let show = try RunningProgram("swiftlet", ["camera", "show", "top", "--config", try scene.write(), "--seconds", "0.5", "--json"])
    #expect(show.waitForEnd() == 0, "\(show.errorText)")
    #expect(show.outputText.contains("\"frames_per_second\""))
  }
}
