import Capture
import Foundation
import ModelManifest
import Pipelines
import Supervision
import TestPackages

@testable import EdgeAgent

/// A pipeline on a simulated line, which runs version 1 of `FixedPackage`.
final class LiveLine: @unchecked Sendable {
  let results = BoundedQueue<FrameResult>(capacity: PipelineWorker.resultCount, policy: .rejectNewest)
  let worker: PipelineWorker
  let camera: any CameraSource
  private var feeder: DataPlaneThread?

  init() throws {
    var settings = CameraSettings(size: (160, 120))
    settings.frameRate = 500
    camera = try openCamera("simulated:conveyor", settings: settings)
    worker = PipelineWorker(
      PipelineSettings(name: "p", camera: "c", modelPath: ""),
      processor: try FrameProcessor(try ModelPackage(FixedPackage.bytes(), origin: "1"), threshold: nil, threads: 1), results: results,
      ledger: ProgressLedger(), log: AgentLog(name: "test") { _ in }, onEnd: { _ in })
    try worker.start()
  }

  /// Lets frames come, on a thread of its own, until `stop`.
  func run() throws {
    feeder = try DataPlaneThread(name: "line") { [self] in
      while true {
        switch camera.nextFrame(timeout: .seconds(30)) {
        case .frame(let frame):
          worker.give(frame)
          while let result = results.pop(timeout: .zero) { worker.recycle(result) }
        case .ended: return
        default: continue
        }
      }
    }
  }

  func stop() {
    camera.stop()
    feeder?.join()
    worker.mailbox.close()
    worker.join()
  }

  /// The next frame, for whoever feeds nothing else.
  func frame() -> Frame {
    while true { if case .frame(let frame) = camera.nextFrame(timeout: .seconds(30)) { return frame } }
  }
}
