import Capture
import Pipelines

/// A pipeline whose frames run together with those of others.
extension PipelineWorker {
  /// As `judge`, once there is a frame and nothing to tell again. Meanwhile the frame waits where a newer one replaces it.
  ///
  /// - Returns: whether it gave a result.
  func judgeTogether(_ batch: FrameBatch, _ taken: consuming Frame, into result: FrameResult) -> Bool {
    defer { shadow = nil }
    // Nil but for a part's own frame, which none replaces.
    var frame = mailbox.putBack(taken)
    progress.wait()
    let turn = batch.join(processor.batchMember, turns)
    progress.work()
    if frame == nil { frame = mailbox.take(timeout: .zero) }
    let isLeader = turn != nil
    let before = processor.faults
    let (arrival, pixels) = arrive(frame.take(), into: result)
    let slot = batch.report(arrival == .prepared ? processor : nil)
    let preparedAt = MonotonicClock.now()
    if isLeader { batch.run() } else { batch.waitForRun() }
    var hasRun = false
    if let slot { hasRun = batch.decode(slot, by: processor, into: result, preparedAt: preparedAt) }
    let isSound = processor.faults == before
    batch.leave(asLeader: isLeader)
    _ = consume turn
    switch arrival {
    case .none:
      putBack(result)
      return false
    case .late:
      inspector?.passOver()
      giveUp(result) { $0.countLate() }
      return false
    case .unusable(let outcome): return isUsable(outcome, result)
    case .prepared: break
    }
    guard isUsable(hasRun ? .seen : .deviceFailed, result) else { return false }
    statistics.countBatch(of: result.batchCount)
    decide(result, isSound: isSound)
    tell(result, pixels)
    return true
  }

  private enum Arrival: Equatable {
    /// The pipeline is at its end.
    case none
    case late
    case unusable(FrameOutcome)
    case prepared
  }

  private func arrive(_ taken: consuming Frame?, into result: FrameResult) -> (Arrival, TakenPixels) {
    guard let frame = taken else { return (.none, TakenPixels()) }
    guard isInTime(frame) else { return (.late, TakenPixels()) }
    let pixels = takePixels(frame.view)
    keepScene(frame.view)
    let outcome = processor.prepare(frame.view, into: result, from: result.begin(frame))
    return (outcome == .prepared ? .prepared : .unusable(.unprepared(outcome)), pixels)
  }
}
