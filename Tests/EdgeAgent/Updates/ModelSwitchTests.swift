import Capture
@testable import EdgeAgent
import ModelManifest
import Pipelines
import Supervision
import TestPackages
import Testing

@Suite struct ModelSwitchTests {
  /// A pipeline that is fed frame by frame.
  private final class Line {
    let results = BoundedQueue<FrameResult>(capacity: PipelineWorker.resultCount, policy: .rejectNewest)
    let worker: PipelineWorker
    private let camera: any CameraSource

    init() throws {
      var settings = CameraSettings(size: (160, 120))
      settings.frameRate = 500
      camera = try openCamera("simulated:conveyor", settings: settings)
      worker = PipelineWorker(
        PipelineSettings(name: "p", camera: "c", modelPath: ""), processor: try Self.processor("1"), results: results, ledger: ProgressLedger(),
        log: AgentLog(name: "test") { _ in }, onEnd: { _ in })
      try worker.start()
    }

    deinit {
      worker.mailbox.close()
      worker.join()
      camera.stop()
    }

    static func processor(
      _ version: String, labels: [String] = FixedPackage.labels, firstScore: Float = FixedPackage.scores[0]
    ) throws -> FrameProcessor {
      let package = FixedPackage.bytes(version: version, labels: labels, firstScore: firstScore)
      return try FrameProcessor(try ModelPackage(package, origin: version), threshold: nil, threads: 1)
    }

    /// - Returns: the version that the next frame's result is of, and the first label in it.
    func next() throws -> (version: String, label: String) {
      while true {
        guard case .frame(let frame) = camera.nextFrame(timeout: .seconds(30)) else { continue }
        worker.mailbox.put(frame)
        let result = try #require(results.pop(timeout: .seconds(30)))
        defer { worker.recycle(result) }
        #expect(result.detections.count == 2)
        return (result.pipeline.modelVersion, result.pipeline.label(result.detections[0].label))
      }
    }
  }

  @Test func `another model takes over between two frames, with its own labels, and no frame is without a result`() throws {
    let line = try Line()
    for _ in 0..<40 { #expect(try line.next() == ("1", "scratch")) }
    #expect(line.worker.usage.frames == 40)
    line.worker.replaceModel(by: try Line.processor("2", labels: ["crack", "dent"]))
    #expect(line.worker.usage.frames == 0)
    // More results than the pool has: those of the old model come round as the new one's.
    for _ in 0..<40 { #expect(try line.next() == ("2", "crack")) }
    #expect(line.worker.usage.frames == 40)
    #expect(line.worker.description.modelVersion == "2")
    #expect(line.worker.usage.meanInference != nil)
  }

  @Test func `frames whose outputs are no numbers are counted, of the present model alone`() throws {
    let line = try Line()
    _ = try line.next()
    #expect(line.worker.usage.nonFiniteFrames == 0)
    line.worker.replaceModel(by: try Line.processor("2", firstScore: .nan))
    for _ in 0..<3 { _ = try line.next() }
    #expect(line.worker.usage.nonFiniteFrames == 3)
    line.worker.replaceModel(by: try Line.processor("3"))
    _ = try line.next()
    #expect(line.worker.usage.nonFiniteFrames == 0)
  }

  @Test func `of two models that are handed over between frames the later one runs`() throws {
    let line = try Line()
    #expect(try line.next().version == "1")
    line.worker.replaceModel(by: try Line.processor("2"))
    line.worker.replaceModel(by: try Line.processor("3"))
    #expect(try line.next().version == "3")
    line.worker.releaseRetired()
    #expect(try line.next().version == "3")
  }
}
