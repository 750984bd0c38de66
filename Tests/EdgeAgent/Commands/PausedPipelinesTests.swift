import Foundation
import TestBroker
import Testing
import Updates

@testable import EdgeAgent

@Suite struct PausedPipelinesTests {
  @Test func `a file that can't be read is no word that nothing is paused`() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(atPath: folder.path + "/paused", withIntermediateDirectories: true)
    var paused = PausedPipelines(StorageSettings(path: folder.path))
    #expect(paused.problem?.contains("can't be read") == true)
    #expect(throws: UpdatesError.self) { try paused.set(["a"], paused: true) }
  }

  @Test func `what is paused is kept by name, until the last is resumed`() throws {
    let folder = try TemporaryFolder()
    let storage = StorageSettings(path: folder.path)
    var paused = PausedPipelines(storage)
    #expect(paused.names.isEmpty)
    try paused.set(["a", "b"], paused: true)
    try paused.set(["c"], paused: false)
    #expect(PausedPipelines(storage).names == ["a", "b"])
    try paused.set(["a"], paused: false)
    #expect(PausedPipelines(storage).names == ["b"])
    try paused.set(["a", "b"], paused: false)
    #expect(PausedPipelines(storage).names.isEmpty && !FileManager.default.fileExists(atPath: folder.path + "/paused"))
  }

  @Test func `what the fleet and what a voice has paused are kept apart`() throws {
    let folder = try TemporaryFolder()
    let (storage, register) = (StorageSettings(path: folder.path), PauseRegister())
    let seen = Recorder<Pauses>()
    var before = try register.set(["a", "b"], paused: true, by: [.voice], in: storage) { seen.append($0) }
    #expect(before == Pauses())
    before = try register.set(["b", "c"], paused: true, by: [.fleet], in: storage) { seen.append($0) }
    #expect(before == Pauses(byVoice: ["a", "b"]))
    #expect(PausedPipelines(storage).names == ["b", "c"] && PausedPipelines(storage, by: .voice).names == ["a", "b"])
    // A voice takes back what a voice has done, the fleet both.
    _ = try register.set(["b", "c"], paused: false, by: [.voice], in: storage) { seen.append($0) }
    _ = try register.set(["a", "b"], paused: false, by: PauseOrigin.allCases, in: storage) { seen.append($0) }
    #expect(seen.all.map(\.byFleet) == [[], ["b", "c"], ["b", "c"], ["c"]])
    #expect(seen.all.map(\.byVoice) == [["a", "b"], ["a", "b"], ["a"], []])
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/paused-by-voice"))
  }

  @Test func `of a file that can't be read what was known before holds, and the other one is obeyed all the same`() throws {
    let folder = try TemporaryFolder()
    let (storage, register) = (StorageSettings(path: folder.path), PauseRegister())
    let seen = Recorder<Pauses>()
    _ = try register.set(["a"], paused: true, by: PauseOrigin.allCases, in: storage) { _ in }
    try FileManager.default.removeItem(atPath: folder.path + "/paused-by-voice")
    try FileManager.default.createDirectory(atPath: folder.path + "/paused-by-voice", withIntermediateDirectories: true)
    let problems = register.look(in: storage) { seen.append($0) }
    #expect(problems.count == 1 && problems[0].contains("paused-by-voice can't be read"))
    let error = #expect(throws: UpdatesError.self) {
      _ = try register.set(["a"], paused: false, by: PauseOrigin.allCases, in: storage) { seen.append($0) }
    }
    #expect(error?.message.contains("paused-by-voice") == true)
    #expect(seen.all == [Pauses(byFleet: ["a"], byVoice: ["a"]), Pauses(byVoice: ["a"])])
    // An agent that starts knows of nothing.
    #expect(PauseRegister().look(in: storage) { seen.append($0) }.count == 1 && seen.all.last == Pauses())
  }

  @Test func `orders that come at the same time are all kept`() throws {
    let folder = try TemporaryFolder()
    let (storage, register) = (StorageSettings(path: folder.path), PauseRegister())
    let done = Recorder<Int>()
    for number in 0..<8 {
      Thread.detachNewThread {
        _ = try? register.set(["p\(number)"], paused: true, by: [number.isMultiple(of: 2) ? .fleet : .voice], in: storage) { _ in }
        done.append(number)
      }
    }
    #expect(done.wait { $0.count == 8 })
    #expect(PausedPipelines(storage).names == ["p0", "p2", "p4", "p6"] && PausedPipelines(storage, by: .voice).names == ["p1", "p3", "p5", "p7"])
  }
}
