@testable import Capture
@testable import EdgeAgent
import Glibc
import Imaging
import Inspection
import ModelManifest
import Pipelines
import Supervision
import TestPackages
import Testing

/// A pipeline's thread and what its rules decide, without an agent. The model finds the same in each frame.
@Suite struct InspectionWorkerTests {
  private final class Bench {
    let results = BoundedQueue<FrameResult>(capacity: 64, policy: .rejectNewest)
    let worker: PipelineWorker
    let camera: any CameraSource

    init(_ inspection: InspectionSettings, follower: InspectionSettings? = nil, threshold: Double? = nil, budget: Duration? = nil) throws {
      let log = AgentLog(name: "test") { _ in }
      func worker(_ settings: PipelineSettings, _ results: BoundedQueue<FrameResult>, _ followers: [PipelineWorker] = []) throws -> PipelineWorker {
        let package = try ModelPackage(FixedPackage.bytes(), origin: "fixed")
        return PipelineWorker(
          settings, processor: try FrameProcessor(package, threshold: settings.threshold, threads: 1, inspection: settings.inspection), results: results,
          followers: followers, ledger: ProgressLedger(), log: log, onEnd: { _ in })
      }
      var followers: [PipelineWorker] = []
      if let follower {
        var settings = PipelineSettings(name: "detail", camera: "c", modelPath: "")
        (settings.after, settings.inspection) = ("p", follower)
        followers.append(try worker(settings, results))
      }
      var settings = PipelineSettings(name: "p", camera: "c", modelPath: "")
      (settings.inspection, settings.threshold, settings.budget) = (inspection, threshold, budget)
      self.worker = try worker(settings, results, followers)
      camera = try openCamera("simulated:conveyor", settings: CameraSettings(size: (160, 120), frameRate: .infinity))
      try self.worker.start()
    }

    func give() { worker.give(nextFrame()) }

    func nextFrame() -> Frame {
      while true { if case .frame(let frame) = camera.nextFrame(timeout: .seconds(10)) { return frame } }
    }

    /// Until so many frames came to something.
    func wait(_ count: @escaping (PipelineStatistics.Snapshot) -> Bool) {
      let limit = MonotonicClock.now().advanced(by: .seconds(30))
      while !count(worker.statistics.snapshot), MonotonicClock.now() < limit { sched_yield() }
    }

    func end() {
      worker.mailbox.close()
      worker.join()
      camera.stop()
    }
  }

  /// Another frame's pixels, for as long as they are needed.
  private final class Lender: FrameBufferOwner {
    private let frame: Frame

    init(_ frame: consuming Frame) { self.frame = frame }

    /// The same frame, taken so much earlier, or without most of its bytes.
    func frame(age: Duration = .zero, isShort: Bool = false) -> Frame {
      var view = frame.view
      if isShort {
        let plane = unsafe ImageView.Plane(base: view.planes.0.base, byteCount: 1, bytesPerLine: view.planes.0.bytesPerLine)
        view = ImageView(format: view.format, encoding: view.encoding, width: view.width, height: view.height, planes: (plane, nil, nil))
      }
      return Frame(
        view: view, sequence: frame.sequence, capturedAt: frame.capturedAt.advanced(by: .zero - age), buffer: FrameBuffer(index: 0), owner: self)
    }

    func takeBack(_ buffer: FrameBuffer) {}
  }

  private static func rule(_ rejects: Bool) throws -> RuleSettings {
    var rule = RuleSettings(name: "r", when: try Expression(parsing: "scratch"))
    rule.rejects = rejects
    return rule
  }

  @Test func `with a recorder that doesn't get on parts are judged all the same`() throws {
    var inspection = InspectionSettings()
    (inspection.rules, inspection.parts) = ([try Self.rule(true)], PartSettings(.trigger))
    let bench = try Bench(inspection)
    let count = PipelineWorker.resultCount + 4
    for at in 1...count {
      bench.give()
      bench.wait { $0.processed >= UInt64(at) }
    }
    bench.end()
    let inspector = try #require(bench.worker.inspector)
    #expect(inspector.counters.rejected == UInt64(count) && inspector.counters.unjudged == 0)
    // The rule's end at last, too.
    #expect(bench.worker.statistics.snapshot.unrecorded == 4 + 1 && bench.results.count == PipelineWorker.resultCount)
  }

  @Test func `the part of a frame that is late, or can't be read, is unjudged`() throws {
    var inspection = InspectionSettings()
    (inspection.rules, inspection.parts) = ([try Self.rule(true)], PartSettings(.trigger))
    // Long enough for a machine that is busy; the late frame is older still.
    let bench = try Bench(inspection, budget: .seconds(20))
    bench.give()
    bench.wait { $0.processed == 1 }
    bench.worker.give(Lender(bench.nextFrame()).frame(age: .seconds(40)))
    bench.wait { $0.late == 1 }
    bench.worker.give(Lender(bench.nextFrame()).frame(isShort: true))
    bench.wait { $0.unusable == 1 }
    bench.give()
    bench.wait { $0.processed == 2 }
    bench.end()
    let (inspector, statistics) = (try #require(bench.worker.inspector), bench.worker.statistics.snapshot)
    #expect(statistics.processed == 2 && statistics.late == 1 && statistics.unusable == 1)
    #expect(inspector.counters.rejected == 2 && inspector.counters.unjudged == 2 && inspector.counters.passed == 0)
  }

  @Test func `a pause ends what is under way at once, also of those that follow`() throws {
    var inspection = InspectionSettings()
    inspection.rules = [try Self.rule(false)]
    let bench = try Bench(inspection, follower: inspection)
    bench.give()
    bench.wait { $0.processed == 1 }
    bench.worker.isPaused = true
    for at in 1...2 as ClosedRange<UInt64> {
      bench.give()
      bench.wait { $0.passedOver == at }
    }
    var cutShort: [String] = []
    while let result = bench.results.pop(timeout: .zero) {
      if result.ruleEvents.contains(where: { $0.kind == .cutShort }) { cutShort.append(result.pipeline.name) }
    }
    #expect(cutShort == ["p", "detail"])
    bench.end()
  }

  @Test func `what counts for nothing isn't compared with a model in its trial`() throws {
    // The second thing continues tracks only; or it lies where nothing counts.
    for threshold in [0.8, nil] {
      var inspection = InspectionSettings()
      inspection.tracking = .init()
      if threshold == nil {
        let corners = [(0.6, 0.6), (1, 0.6), (1, 1), (0.6, 1)].map { FramePoint(x: $0.0, y: $0.1) }
        (inspection.regions, inspection.ignored) = ([Region(name: "r", corners: corners)], ["r"])
      }
      let bench = try Bench(inspection, threshold: threshold)
      let shadow = try ShadowRun(ModelPackage(FixedPackage.bytes(), origin: "fixed"), bench.worker.settings, frameCount: 1) {}
      bench.worker.setShadow(shadow)
      let limit = MonotonicClock.now().advanced(by: .seconds(30))
      var given: UInt64 = 0
      while shadow.tally.frames < 1, MonotonicClock.now() < limit, given < UInt64(PipelineWorker.resultCount) {
        bench.give()
        given += 1
        bench.wait { $0.processed >= given }
        // Room for the first frame is made by the shadow's own thread.
        let soon = MonotonicClock.now().advanced(by: .seconds(1))
        while shadow.tally.frames < 1, given > 1, MonotonicClock.now() < soon { sched_yield() }
      }
      #expect(shadow.tally.frames == 1 && shadow.tally.meanAgreement == 1, "\(shadow.tally)")
      bench.worker.setShadow(nil)
      bench.end()
      shadow.end()
    }
  }
}
