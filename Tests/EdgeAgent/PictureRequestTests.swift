import Capture
import Glibc
import ModelManifest
import Outbox
import Pipelines
import Supervision
import TestBroker
import TestPackages
import Testing

@testable import EdgeAgent

/// Pictures that commands ask for, of pipelines that don't look at every frame.
@Suite struct PictureRequestTests {
  /// A pipeline with another one after it, each with a desk, and a camera whose frames the test gives.
  private final class Bench {
    let pictures = Recorder<(pipeline: String, picture: SnapshotMessage)>()
    let results = BoundedQueue<FrameResult>(capacity: 64, policy: .rejectNewest)
    private(set) var desks: [String: SnapshotDesk] = [:]
    private var workers: [String: PipelineWorker] = [:]
    private let leader: PipelineWorker
    private let camera: any CameraSource
    /// Numbers of the frames that were told again from an unchanged scene, by pipeline.
    private(set) var reused: [String: Set<UInt64>] = [:]

    init(source: String = "simulated:conveyor", _ change: (inout PipelineSettings) -> Void = { _ in }) throws {
      var leading = PipelineSettings(name: "surface", camera: "line", modelPath: "")
      var following = PipelineSettings(name: "detail", camera: "line", modelPath: "")
      following.after = "surface"
      change(&leading)
      let (pictures, results) = (pictures, results)
      var desks: [String: SnapshotDesk] = [:]
      func worker(_ settings: PipelineSettings, followers: [PipelineWorker] = []) throws -> PipelineWorker {
        let name = settings.name
        let desk = SnapshotDesk(settings, commands: ["look"], patience: .seconds(600), ledger: ProgressLedger(), tell: { pictures.append((name, $0)) })
        try desk.start()
        desks[name] = desk
        return PipelineWorker(
          settings, processor: try FrameProcessor(try ModelPackage(FixedPackage.bytes(), origin: "fixed"), threshold: settings.threshold, threads: 1),
          results: results, followers: followers, snapshots: desk, ledger: ProgressLedger(), log: AgentLog(name: "test") { _ in }, onEnd: { _ in })
      }
      let follower = try worker(following)
      leader = try worker(leading, followers: [follower])
      (workers, self.desks) = (["surface": leader, "detail": follower], desks)
      let isFolder = source.hasPrefix("folder")
      camera = try openCamera(source, settings: isFolder ? CameraSettings(frameRate: 100) : CameraSettings(size: (160, 120), frameRate: .infinity))
      try leader.start()
    }

    /// Gives a frame, and waits until it came to something.
    func give() {
      while true {
        guard case .frame(let frame) = camera.nextFrame(timeout: .seconds(10)) else { continue }
        leader.give(frame)
        break
      }
      let limit = MonotonicClock.now().advanced(by: .seconds(30))
      while !leader.isIdle, MonotonicClock.now() < limit {
        guard let result = results.pop(timeout: .milliseconds(1)) else { continue }
        if result.isReused { reused[result.pipeline.name, default: []].insert(result.frameNumber) }
        workers[result.pipeline.name]?.recycle(result)
      }
    }

    /// Gives frames until there are so many pictures.
    func giveUntil(_ count: Int) {
      let limit = MonotonicClock.now().advanced(by: .seconds(30))
      while pictures.all.count < count, MonotonicClock.now() < limit { give() }
    }

    func end() {
      leader.mailbox.close()
      leader.join()
      camera.stop()
      for desk in desks.values { desk.stop() }
    }
  }

  @Test func `a pipeline and one that comes after it give a picture each`() throws {
    let bench = try Bench()
    defer { bench.end() }
    bench.give()
    for name in ["surface", "detail"] {
      bench.desks[name]?.ask(for: "look")
      bench.giveUntil(name == "surface" ? 1 : 2)
    }
    #expect(bench.pictures.all.map(\.pipeline) == ["surface", "detail"])
    #expect(bench.pictures.all.allSatisfy { $0.picture.command == "look" && $0.picture.rule == nil })
  }

  @Test func `a follower gives a picture though there is nothing for it to look at`() throws {
    let bench = try Bench { $0.threshold = 0.95 }
    defer { bench.end() }
    bench.give()
    bench.desks["detail"]?.ask(for: "look")
    bench.giveUntil(1)
    #expect(bench.pictures.all.map(\.pipeline) == ["detail"])
    #expect(bench.desks["detail"]?.missedCount == 0)
  }

  @Test func `a scene that doesn't change is pictured as it is now`() throws {
    let folder = try TemporaryFolder()
    _ = try folder.file("one.pgm", "P5 160 120 255\n" + String(repeating: String(repeating: "Dusty ", count: 20), count: 160))
    let bench = try Bench(source: "folder:\(folder.path)") { $0.still = .init(longest: .seconds(3600)) }
    defer { bench.end() }
    for _ in 0..<3 { bench.give() }
    #expect(bench.reused["surface"]?.isEmpty == false)
    bench.desks["surface"]?.ask(for: "look")
    bench.giveUntil(1)
    bench.desks["detail"]?.ask(for: "look")
    bench.giveUntil(2)
    #expect(bench.pictures.all.map(\.pipeline) == ["surface", "detail"])
    for (name, picture) in bench.pictures.all { #expect(bench.reused[name]?.contains(picture.frame) == true, "\(name)") }
  }
}
