import Capture
@testable import EdgeAgent
import ModelManifest
import Pipelines
import Supervision
import TestBroker
import TestPackages
import Testing

/// Sends one frame of the simulated line, is then unplugged, and comes back and ends when told.
private final class UnpluggedCamera: CameraSource, @unchecked Sendable {
  enum Phase {
    case sending, unplugged, absent, backAgain, there
  }

  /// What it was asked for since it is gone.
  let asked = Recorder<Bool>()
  let name = "simulated:unplugged"
  let counters = CaptureCounters()
  private let line: any CameraSource
  private let mutex = PthreadMutex()
  private var phase = Phase.sending
  private var format: StreamFormat?

  init() throws {
    var settings = CameraSettings(size: (160, 120))
    settings.frameRate = 100
    line = try openCamera("simulated:conveyor", settings: settings)
  }

  var state: CameraState { .starting }

  func comeBack() { mutex.withLock { phase = .backAgain } }

  func stop() { line.stop() }

  func nextFrame(timeout: Duration) -> CaptureEvent {
    switch mutex.withLock({ phase }) {
    case .sending:
      switch line.nextFrame(timeout: timeout) {
      case .frame(let frame):
        mutex.withLock { phase = .unplugged }
        return .frame(frame)
      case .stateChanged(let state):
        if case .streaming(let format) = state { self.format = format }
        return .stateChanged(state)
      case .timedOut: return .timedOut
      case .ended: return .ended
      }
    case .unplugged:
      mutex.withLock { phase = .absent }
      return .stateChanged(.waiting("it is unplugged"))
    case .absent:
      asked.append(true)
      // Ends at once when stopped, and is slow enough otherwise.
      if case .ended = line.nextFrame(timeout: .milliseconds(5)) { return .ended }
      return .timedOut
    case .backAgain:
      mutex.withLock { phase = .there }
      return format.map { .stateChanged(.streaming($0)) } ?? .timedOut
    case .there: return line.nextFrame(timeout: timeout)
    }
  }
}

@Suite struct CameraWorkerTests {
  @Test func `a camera is gone once its last frame's result is recorded, and there before its next`() throws {
    let (ledger, log) = (ProgressLedger(), AgentLog(name: "test") { _ in })
    let package = try ModelPackage(FixedPackage.bytes(), origin: "fixed")
    let results = BoundedQueue<FrameResult>(capacity: PipelineWorker.resultCount, policy: .rejectNewest)
    let pipeline = PipelineWorker(
      PipelineSettings(name: "p", camera: "c", modelPath: ""), processor: try FrameProcessor(package, threshold: nil, threads: 1),
      turns: ProcessorTurns(processorCount: 1), results: results,
      ledger: ledger, log: log, onEnd: { _ in })
    let source = try UnpluggedCamera()
    let presence = Recorder<Bool>()
    let camera = CameraWorker("c", source: source, pipelines: [pipeline], ledger: ledger, log: log) { presence.append($0) }
    try pipeline.start()
    try camera.start()
    let first = try #require(results.pop(timeout: .seconds(30)))
    #expect(presence.all == [true])
    // The camera's thread looks each time before it asks for a frame.
    #expect(source.asked.wait { $0.count >= 5 })
    #expect(presence.all == [true], "the result isn't recorded yet")
    pipeline.recycle(first)
    #expect(presence.wait { $0 == [true, false] })
    source.comeBack()
    let second = try #require(results.pop(timeout: .seconds(30)))
    #expect(presence.all == [true, false, true])
    pipeline.recycle(second)
    camera.stop()
    camera.join()
    pipeline.join()
    #expect(presence.all == [true, false, true])
  }
}
