import Capture
import Inspection
import Pipelines

/// What rules make of a pipeline's results. All of it on the worker's thread.
extension PipelineWorker {
  /// Waits for a frame; parts whose time is over meanwhile are given up.
  ///
  /// - Returns: nil when none will come any more.
  func nextFrame() -> Frame? {
    while true {
      guard let deadline = inspector?.deadline else { return mailbox.take() }
      let now = MonotonicClock.now()
      if now < deadline {
        if let frame = mailbox.take(timeout: now.duration(to: deadline)) { return frame }
        if mailbox.isFinished { return nil }
      } else {
        inspector?.expire(at: now)
        recordWithoutFrame()
      }
    }
  }

  /// - Parameter isSound: whether the model computed numbers.
  func inspect(_ result: FrameResult, isSound: Bool) {
    guard let inspector else { return }
    inspector.inspect(
      &result.detections, frame: result.frameNumber, capturedAt: result.takenAt, width: result.frameWidth, height: result.frameHeight, isSound: isSound,
      isComplete: result.isComplete && result.leftOut == 0)
    actUpon(inspector)
    result.take(inspector)
  }

  /// The frames end, or another model takes over: what is under way ends.
  func interruptInspection(for plan: InspectionPlan? = nil) {
    guard let inspector else { return }
    if let plan { inspector.adopt(plan) } else { inspector.interrupt() }
    recordWithoutFrame()
  }

  private func actUpon(_ inspector: Inspector) {
    if let gate { for at in 0..<inspector.outcomes.count { gate.judge(inspector.outcomes[at]) } }
    statistics.set(inspector)
  }

  private func recordWithoutFrame() {
    guard let inspector, !inspector.outcomes.isEmpty || !inspector.ruleEvents.isEmpty else { return }
    actUpon(inspector)
    recordWithoutFrame(inspector)
  }

  /// Hands on what was decided though no frame came.
  private func recordWithoutFrame(_ inspector: Inspector) {
    guard let result = unused.pop(timeout: .zero) else { return statistics.countUnrecorded() }
    result.pipeline = description
    result.capturedAt = MonotonicClock.wallTime()
    result.take(inspector)
    tellWithoutFrame(result)
  }

  /// Hands on a result that holds decisions alone.
  func tellWithoutFrame(_ result: FrameResult) {
    (result.isFrame, result.snapshotRule) = (false, -1)
    result.detections.removeAll(keepingCapacity: true)
    result.tracks.removeAll(keepingCapacity: true)
    guard !handOn(result) else { return }
    statistics.countUnrecorded()
    result.isFrame = true
    putBack(result)
  }
}
