import Capture
import Pipelines
import Supervision

/// The thread that fetches a camera's frames and hands each to the pipelines that watch it; it never waits for them.
final class CameraWorker: @unchecked Sendable {
  let name: String
  let source: any CameraSource
  private let mailboxes: [Mailbox<Frame>]
  private let progress: StageProgress
  private let ledger: ProgressLedger
  private let log: AgentLog
  private var thread: DataPlaneThread?

  init(_ name: String, source: any CameraSource, mailboxes: [Mailbox<Frame>], ledger: ProgressLedger, log: AgentLog) {
    self.name = name
    self.source = source
    self.mailboxes = mailboxes
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
      for mailbox in mailboxes { mailbox.close() }
      ledger.remove(progress)
    }
    while true {
      // Waiting for a device is progress: the source itself bounds every step of it by the timeout.
      progress.work()
      switch source.nextFrame(timeout: .seconds(1)) {
      case .frame(let frame): hand(frame)
      case .stateChanged(let state): report(state)
      case .timedOut: continue
      case .ended: return
      }
    }
  }

  private func hand(_ frame: consuming Frame) {
    for mailbox in mailboxes.dropLast() { mailbox.put(frame.share()) }
    mailboxes.last?.put(frame)
  }

  private func report(_ state: CameraState) {
    switch state {
    case .streaming(let format):
      let rate = format.frameRate.map { $0.isFinite ? " at \(($0 * 100).rounded() / 100) frames/s" : " as fast as frames are taken" } ?? ""
      log.notice("camera \(name): \(format.width)x\(format.height) \(format.pixelFormat.name)\(rate)")
    case .waiting(let reason): log.warning("camera \(name): waiting: \(reason)")
    case .starting, .ended: break
    }
  }
}
