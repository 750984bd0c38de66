import CAllocationCounter
import Capture
import Foundation
import ModelManifest
import ObjectDetection
import Pipelines
import TestBroker
import TestPackages
import Testing

@testable import EdgeAgent

@Suite struct AgreementTests {
  private func model(_ labels: [String]) -> PipelineDescription {
    PipelineDescription(PipelineSettings(name: "p", camera: "c", modelPath: ""), FixedPackage.manifest(name: "m", threshold: 0, labels: labels))
  }

  private func found(_ boxes: [(label: Int, x: Float)]) -> ArraySlice<Detection> {
    boxes.map { Detection(label: $0.label, score: 0.5, box: Box(x: $0.x, y: 0, width: 10, height: 10)) }[...]
  }

  @Test(
    arguments: [
      ([], [], 1), ([(0, 0)], [], 0), ([], [(0, 0)], 0), ([(0, 0)], [(0, 3)], 1), ([(0, 0)], [(0, 4)], 0),
      // Each is taken once; another class is another finding.
      ([(0, 0), (0, 1)], [(0, 0)], 2.0 / 3), ([(0, 0)], [(1, 0)], 0), ([(0, 0), (1, 50)], [(0, 0), (1, 50), (1, 90)], 0.8),
    ] as [([(Int, Float)], [(Int, Float)], Double)])
  func `what both found, of what each found`(one: [(Int, Float)], other: [(Int, Float)], agreement: Double) {
    let model = model(["a", "b"])
    #expect(Agreement.between(found(one), model, found(other), model) == agreement)
  }

  @Test func `classes are the same by name`() {
    #expect(Agreement.between(found([(0, 0)]), model(["a", "b"]), found([(1, 0)]), model(["b", "a"])) == 1)
  }
}

@Suite struct ShadowTests {
  private final class Scene {
    let device: UpdatedDevice
    let line: LiveLine

    /// With version 1 installed and running.
    init(frames: Bool = true, watch: Duration = .seconds(60), agreement: Double = 0.9) throws {
      device = try UpdatedDevice {
        $0.shadow = ShadowSettings()
        $0.shadow?.frameCount = 40
        $0.shadow?.agreement = agreement
        $0.watchTime = watch
      }
      line = try LiveLine()
      try device.install(FixedPackage.bytes(version: "1"))
      device.finishTrial()
      device.host.line = line.worker
      if frames { try line.run() }
    }

    deinit { line.stop() }

    var stages: [ModelsMessage.Candidate.Stage] { device.published.all.compactMap { $0.models["fixed"]?.candidate?.stage } }
  }

  @Test func `a version that finds the same takes its place after the comparison`() throws {
    let scene = try Scene()
    try scene.device.install(FixedPackage.bytes(version: "2"))
    #expect(scene.device.slots() == ["2", "1"])
    #expect(scene.stages.contains(.shadowing) && scene.device.host.shadowCount == 2)
    scene.device.finishTrial()
    #expect(scene.device.last()?.kind == .installed && scene.device.last()?.reason == nil)
  }

  @Test func `one that finds something else is refused, with how far it agrees, and not tried again`() throws {
    let scene = try Scene()
    try scene.device.install(FixedPackage.bytes(version: "2", labels: ["crack", "stain"]))
    let last = try #require(scene.device.last())
    #expect(last.kind == .refused && last.code == "differs" && last.version.version == "2")
    #expect(last.reason == "over 40 frames it agrees with the version that runs by 0.5, and 0.9 is asked for")
    #expect(scene.device.slots() == ["1", nil] && scene.device.updater.candidates.isEmpty)
    let count = scene.device.host.shadowCount
    try scene.device.look()
    #expect(scene.device.slots() == ["1", nil] && scene.device.host.shadowCount == count)
    // Where less is asked for it would do.
    let lenient = try Scene(agreement: 0.5)
    try lenient.device.install(FixedPackage.bytes(version: "2", labels: ["crack", "stain"]))
    #expect(lenient.device.slots() == ["2", "1"])
  }

  @Test func `one that gives infinities on live frames is refused`() throws {
    let scene = try Scene()
    try scene.device.install(FixedPackage.bytes(version: "2", firstScore: .infinity))
    #expect(scene.device.last()?.code == "wrong results" && scene.device.slots() == ["1", nil])
  }

  @Test func `without frames it goes on uncompared in the end, and says so`() throws {
    let scene = try Scene(frames: false, watch: .milliseconds(20))
    try scene.device.install(FixedPackage.bytes(version: "2"))
    #expect(scene.device.slots() == ["2", "1"])
    scene.device.finishTrial()
    #expect(scene.device.last()?.kind == .installed)
    #expect(scene.device.last()?.reason == "not compared with the version before: only 0 frames came")
  }

  @Test func `the way back isn't compared`() throws {
    let scene = try Scene()
    try scene.device.install(FixedPackage.bytes(version: "2"))
    scene.device.finishTrial()
    let count = scene.device.host.shadowCount
    try scene.device.withdraw("2")
    try scene.device.look()
    #expect(scene.device.slots() == ["1", "2"] && scene.device.host.shadowCount == count)
  }

  @Test func `who is told to go back needn't wait for frames`() throws {
    let scene = try Scene(frames: false, watch: .seconds(3600))
    scene.device.host.line = nil
    try scene.device.install(FixedPackage.bytes(version: "2"))
    scene.device.finishTrial()
    scene.device.host.line = scene.line.worker
    try scene.device.release(FixedPackage.bytes(version: "3"))
    let device = scene.device
    let stick = try device.stick()
    let updater = device.updater
    let ended = TestBroker.Recorder<Bool>()
    Thread.detachNewThread { ended.append(updater.look(at: .stick(ReleaseStick(folder: stick)))) }
    #expect(device.published.wait { $0.last?.models["fixed"]?.candidate?.stage == .shadowing })
    let outcome = updater.rollBack("fixed", reason: "r")
    updater.stop()
    #expect(ended.first { _ in true } != nil)
    guard case .done(let from, let to) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    #expect(from.version == "2" && to.version == "1" && device.slots() == ["1", nil])
  }

  @Test(.enabled(if: allocation_counter_works())) func `the pipeline allocates nothing for it, and what is busy passes`() throws {
    let line = try LiveLine()
    defer { line.stop() }
    let looked = TestBroker.Recorder<Bool>()
    let run = try ShadowRun(
      try ModelPackage(FixedPackage.bytes(version: "2"), origin: "2"), line.worker.settings, frameCount: 20, onFrame: { looked.append(true) })
    defer { run.end() }
    let result = FrameResult(pipeline: line.worker.description, detectionLimit: 8)
    for label in 0..<2 { result.detections.append(Detection(label: label, score: 0.5, box: Box(x: 0, y: 0, width: 9, height: 9))) }
    var allocations: UInt64 = 0
    var taken = 0
    // The first one only says how much room a frame needs.
    while run.tally.frames < 20 {
      let frame = line.frame()
      let view = frame.view
      let count = looked.all.count
      let before = allocation_count()
      let isTaken = run.offer(view)
      if isTaken { run.submit(result) }
      // The room is the shadow's now, or is free again; either way nothing waits.
      allocations += allocation_count() - before
      if isTaken { taken += 1 }
      #expect(looked.wait { $0.count > count })
    }
    #expect(taken == 20 && allocations == 0)
    #expect(!run.offer(line.frame().view))
  }
}
