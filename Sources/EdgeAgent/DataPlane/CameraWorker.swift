import Capture
import Pipelines
import Supervision

/// The thread that fetches a camera's frames and hands each to the pipelines that watch it; it never waits for them.
final class CameraWorker: @unchecked Sendable {
  let name: String
  let source: any CameraSource
  private let pipelines: [PipelineWorker]
  private let progress: StageProgress
  private let ledger: ProgressLedger
  private let log: AgentLog
  private let onPresence: @Sendable (Bool) -> Void
  // The thread's own.
  /// What `onPresence` was last told.
  private var isPresent = false
  private var isLost = false
  private var thread: DataPlaneThread?

  /// - Parameters:
  ///   - pipelines: those that watch it.
  ///   - onPresence: told on this camera's thread that it is there, before its first frame, and that it has gone, once its last frame's results
  ///     are recorded; not at its end. Must not wait.
  init(
    _ name: String, source: any CameraSource, pipelines: [PipelineWorker], ledger: ProgressLedger, log: AgentLog,
    onPresence: @escaping @Sendable (Bool) -> Void
  ) {
    self.name = name
    self.source = source
    self.pipelines = pipelines
    self.onPresence = onPresence
    self.ledger = ledger
    progress = ledger.stage("capture \(name)")
    self.log = log
  }

  func start() throws(EdgeAgentError) {
    do { thread = try DataPlaneThread(name: "capture-\(name)") { self.run() } } catch {
      throw EdgeAgentError(.resources, error.message)
    }
  }

  /// Ends the stream; the pipelines see their mailboxes closed.
  func stop() { source.stop() }

  func join() { thread?.join() }

  private func run() {
    defer {
      for pipeline in pipelines { pipeline.mailbox.close() }
      ledger.remove(progress)
    }
    while true {
      // Waiting for a device is progress: the source itself bounds every step of it by the timeout.
      progress.work()
      tellLoss()
      switch source.nextFrame(timeout: .seconds(1)) {
      case .frame(let frame): hand(frame)
      case .stateChanged(let state): report(state)
      case .timedOut: continue
      case .ended: return
      }
    }
  }

  private func hand(_ frame: consuming Frame) {
    for pipeline in pipelines.dropLast() { pipeline.give(frame.share()) }
    pipelines.last?.give(frame)
  }

  private func tellLoss() {
    guard isLost, isPresent, pipelines.allSatisfy(\.isIdle) else { return }
    isPresent = false
    onPresence(false)
  }

  private func report(_ state: CameraState) {
    switch state {
    case .streaming(let format):
      isLost = false
      if !isPresent {
        isPresent = true
        onPresence(true)
      }
      let rate = format.frameRate.map { $0.isFinite ? " at \(($0 * 100).rounded() / 100) frames/s" : " as fast as frames are taken" } ?? ""
      log.notice("camera \(name): \(format.width)x\(format.height) \(format.pixelFormat.name)\(rate)", about: .camera(name))
    case .waiting(let reason):
      isLost = true
      log.warning("camera \(name): waiting: \(reason)", about: .camera(name))
    case .starting, .ended: break
    }
  }
}
