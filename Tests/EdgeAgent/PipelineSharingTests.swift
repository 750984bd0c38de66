import Capture
@testable import EdgeAgent
import Glibc
import ModelManifest
import ObjectDetection
import Pipelines
import Supervision
import TestBroker
import TestPackages
import Testing

/// Pipelines that share processors, frames or results.
@Suite struct PipelineSharingTests {
  private static func follower(_ configuration: AgentConfiguration, _ crops: PipelineSettings.Crops?) -> PipelineSettings {
    var follower = configuration.pipelines[0]
    (follower.name, follower.after, follower.frameCount, follower.still, follower.crops) = ("detail", "surface", nil, nil, crops)
    return follower
  }

  @Test func `what one pipeline found is what the next one looks at`() async throws {
    let trial = try AgentTrial()
    var configuration = try trial.configuration(frames: 5)
    configuration.pipelines.append(Self.follower(configuration, .init(label: "stain", limit: 1)))
    try await trial.agent.run(configuration)
    let (leading, following) = (trial.seen.all.filter { $0.pipeline == "surface" }, trial.seen.all.filter { $0.pipeline == "detail" })
    #expect(leading.count == 5 && following.count == 5)
    #expect(leading.map(\.frame) == following.map(\.frame))
    // The stain fills the lower right quarter of 160 × 120; the same two things are found in that.
    for seen in following {
      #expect(seen.labels == ["scratch", "stain"])
      #expect(seen.boxes == [Box(x: 100, y: 75, width: 20, height: 15), Box(x: 120, y: 90, width: 40, height: 30)])
    }
    #expect(trial.agent.status?.recorded == 10)
  }

  @Test func `parts are looked at best first, with their margin, as many as the limit allows`() async throws {
    let trial = try AgentTrial()
    var configuration = try trial.configuration(frames: 2)
    configuration.pipelines.append(Self.follower(configuration, .init(score: 0.5, margin: 0.5, limit: 2)))
    try await trial.agent.run(configuration)
    let following = trial.seen.all.filter { $0.pipeline == "detail" }
    #expect(following.count == 2)
    for seen in following {
      // Scratch is found surer than stain, in both parts: 40 × 30 at (40, 30), widened to 80 × 60 at (20, 15); and the quarter, widened to the edge.
      #expect(seen.labels == ["scratch", "scratch", "stain", "stain"])
      // Rows go in pairs, so that the first part begins at row 14.
      #expect(seen.boxes.map(\.x) == [40, 70, 60, 100])
      #expect(seen.boxes[0].y == 29.5 && seen.boxes[0].width == 20)
    }
  }

  @Test func `a frame that grows too old while its turn grows is given up and counted`() throws {
    let (turns, results) = (ProcessorTurns(processorCount: 2), BoundedQueue<FrameResult>(capacity: PipelineWorker.resultCount, policy: .rejectNewest))
    var settings = PipelineSettings(name: "p", camera: "c", modelPath: "")
    settings.budget = .milliseconds(250)
    let worker = PipelineWorker(
      settings, processor: try FrameProcessor(try ModelPackage(FixedPackage.bytes(), origin: "fixed"), threshold: nil, threads: 2), turns: turns,
      results: results, ledger: ProgressLedger(), log: AgentLog(name: "test") { _ in }, onEnd: { _ in })
    var other: ProcessorTurn? = turns.begin(2)
    other?.narrow()
    try worker.start()
    let camera = try openCamera("simulated:conveyor", settings: CameraSettings(size: (160, 120), frameRate: .infinity))
    var deadline: MonotonicInstant?
    while deadline == nil {
      guard case .frame(let frame) = camera.nextFrame(timeout: .seconds(10)) else { continue }
      deadline = frame.capturedAt.advanced(by: .milliseconds(250))
      worker.give(frame)
    }
    // It has begun and needs the other's last processor; when it gets that it is too late.
    while turns.waitingCount == 0, MonotonicClock.now() < deadline! { sched_yield() }
    while MonotonicClock.now() <= deadline! { sched_yield() }
    #expect(worker.statistics.snapshot.late == 0)
    other = nil
    while !worker.isIdle, results.count == 0 { sched_yield() }
    #expect(worker.statistics.snapshot.late == 1 && worker.statistics.snapshot.processed == 0 && results.count == 0)
    worker.mailbox.close()
    worker.join()
    camera.stop()
  }

  @Test func `where nothing is found nothing follows`() async throws {
    let trial = try AgentTrial()
    var configuration = try trial.configuration(frames: 4)
    configuration.pipelines[0].threshold = 0.95
    var follower = Self.follower(configuration, nil)
    follower.threshold = nil
    configuration.pipelines.append(follower)
    try await trial.agent.run(configuration)
    #expect(trial.seen.all.map(\.pipeline) == Array(repeating: "surface", count: 4))
    #expect(trial.agent.status?.pipelines.map(\.statistics.unneeded) == [0, 4])
  }

  @Test func `the whole frame is looked at where anything is found`() async throws {
    let trial = try AgentTrial()
    var configuration = try trial.configuration(frames: 3)
    configuration.pipelines.append(Self.follower(configuration, nil))
    try await trial.agent.run(configuration)
    let boxes = trial.seen.all.map(\.boxes)
    #expect(boxes.count == 6 && boxes.allSatisfy { $0 == boxes[0] })
  }

  @Test func `a label that the model before doesn't know stops nothing, and is said`() async throws {
    let trial = try AgentTrial()
    var configuration = try trial.configuration(frames: 3)
    configuration.pipelines.append(Self.follower(configuration, .init(label: "stian")))
    try await trial.agent.run(configuration)
    #expect(trial.seen.all.map(\.pipeline) == Array(repeating: "surface", count: 3))
    #expect(trial.lines.all.contains { $0.contains("did you mean \"stain\"?") })
  }

  @Test func `what is beyond the limit or too late is counted, in the message, too`() async throws {
    let trial = try AgentTrial()
    var configuration = try trial.configuration(frames: 2)
    configuration.pipelines.append(Self.follower(configuration, .init(limit: 1)))
    try await trial.agent.run(configuration)
    #expect(trial.seen.all.filter { $0.pipeline == "detail" }.map(\.leftOut) == [1, 1])
    #expect(trial.agent.status?.pipelines.map(\.statistics.leftOut) == [0, 2])
  }

  /// One image again and again.
  private static func rest(_ configuration: inout AgentConfiguration, _ folder: TemporaryFolder) throws {
    // Letters are bytes of luminance, too.
    _ = try folder.file("images/one.pgm", "P5 160 120 255\n" + String(repeating: String(repeating: "Dusty ", count: 20), count: 160))
    configuration.cameras[0].source = .folder(folder.path + "/images")
    configuration.cameras[0].settings = CameraSettings(frameRate: 100)
    configuration.pipelines[0].still = .init(longest: .seconds(3600))
  }

  @Test func `a scene that a follower had no time for is looked at again`() async throws {
    let trial = try AgentTrial()
    var configuration = try trial.configuration(frames: 4)
    try Self.rest(&configuration, trial.folder)
    var follower = Self.follower(configuration, .init(label: "stain"))
    follower.budget = .nanoseconds(1)
    configuration.pipelines.append(follower)
    try await trial.agent.run(configuration)
    #expect(trial.seen.all.map(\.isReused) == [false, false, false, false])
    #expect(trial.agent.status?.pipelines.map(\.statistics.late) == [0, 4])
  }

  @Test func `an unchanged scene is told again without the model, by those that follow, too`() async throws {
    let trial = try AgentTrial()
    var configuration = try trial.configuration(frames: 6)
    try Self.rest(&configuration, trial.folder)
    configuration.pipelines.append(Self.follower(configuration, .init(label: "stain")))
    try await trial.agent.run(configuration)
    for name in ["surface", "detail"] {
      let seen = trial.seen.all.filter { $0.pipeline == name }
      #expect(seen.map(\.isReused) == [false] + Array(repeating: true, count: 5))
      #expect(seen.allSatisfy { $0.boxes == seen[0].boxes && $0.labels == seen[0].labels })
      #expect(Set(seen.map(\.frame)).count == 6)
    }
    #expect(trial.agent.status?.pipelines.map(\.statistics.reused) == [5, 5])
    #expect(trial.agent.status?.pipelines.map(\.statistics.processed) == [6, 6])
  }

  /// A pipeline by itself, whose processors the test holds.
  private final class Bench {
    let turns = ProcessorTurns(processorCount: 1)
    let results = BoundedQueue<FrameResult>(capacity: PipelineWorker.resultCount, policy: .rejectNewest)
    let worker: PipelineWorker
    let camera: any CameraSource

    init(_ settings: PipelineSettings) throws {
      let package = try ModelPackage(FixedPackage.bytes(), origin: "fixed")
      worker = PipelineWorker(
        settings, processor: try FrameProcessor(package, threshold: nil, threads: 1), turns: turns, results: results, ledger: ProgressLedger(),
        log: AgentLog(name: "test") { _ in }, onEnd: { _ in })
      camera = try openCamera("simulated:conveyor", settings: CameraSettings(size: (160, 120), frameRate: .infinity))
      try worker.start()
    }

    /// - Returns: the frame's number.
    func give() -> UInt64 {
      while true {
        guard case .frame(let frame) = camera.nextFrame(timeout: .seconds(10)) else { continue }
        let number = frame.sequence
        worker.give(frame)
        return number
      }
    }

    private var held: ProcessorTurn?

    func hold() { held = turns.begin(1) }
    func letGo() { held = nil }

    func waitForTurn() { while turns.waitingCount < 1 { sched_yield() } }

    func end() {
      worker.mailbox.close()
      worker.join()
      camera.stop()
    }
  }

  @Test func `while others have their turn a newer frame takes the older one's place`() throws {
    let bench = try Bench(PipelineSettings(name: "p", camera: "c", modelPath: ""))
    bench.hold()
    _ = bench.give()
    bench.waitForTurn()
    let second = bench.give()
    bench.letGo()
    let result = try #require(bench.results.pop(timeout: .seconds(30)))
    #expect(result.frameNumber == second)
    bench.worker.recycle(result)
    #expect(bench.worker.isIdle)
    bench.end()
    #expect(bench.worker.statistics.snapshot.replaced == 1)
    #expect(bench.worker.statistics.snapshot.processed == 1)
  }

  @Test func `a frame older than the budget is given up and counted`() throws {
    var settings = PipelineSettings(name: "p", camera: "c", modelPath: "")
    settings.budget = .milliseconds(20)
    let bench = try Bench(settings)
    bench.hold()
    _ = bench.give()
    bench.waitForTurn()
    let over = MonotonicClock.now().advanced(by: .milliseconds(21))
    while MonotonicClock.now() < over { sched_yield() }
    bench.letGo()
    bench.end()
    let statistics = bench.worker.statistics.snapshot
    #expect(statistics.late == 1 && statistics.processed == 0)
    #expect(bench.worker.isIdle)
  }
}
