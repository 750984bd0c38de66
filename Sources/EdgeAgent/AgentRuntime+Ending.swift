import Pipelines
import Supervision

/// Which pipelines still have something to do.
extension AgentRuntime {
  /// On the pipeline's own thread: its camera stops with its last pipeline, the recorders with the last of all.
  func pipelineEnded(_ worker: PipelineWorker) {
    let camera = worker.camera
    let isLast = noteEnd(of: worker.name)
    if pipelines.allSatisfy({ $0.camera != camera || !isRunning($0.name) }) { cameras.first { $0.name == camera }?.stop() }
    if isLast { closeResults() }
  }

  func speechEnded(_ worker: SpeechWorker) {
    if noteEnd(of: worker.name) { closeResults() }
  }

  /// Nothing more comes; the recorders end once they have recorded what has.
  func closeResults() {
    results.close()
    spoken.close()
  }
}
