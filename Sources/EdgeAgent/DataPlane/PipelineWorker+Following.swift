import Capture
import Imaging
import ObjectDetection
import Pipelines

/// A scene that doesn't change.
extension PipelineWorker {
  /// Whether a frame shows what the one showed that was looked at last, and nobody has to look at it: a model in its trial has.
  func isStill(_ frame: borrowing Frame) -> Bool {
    guard let scene, let still = settings.still, shadow == nil, lookedAt.advanced(by: still.longest) > MonotonicClock.now() else { return false }
    guard followers.allSatisfy({ $0.shadow == nil && ($0.followed.outcome != .missed || $0.isPaused) }) else { return false }
    return scene.difference(from: frame.view).map { Double($0) <= still.difference } ?? false
  }

  func remember(_ result: FrameResult) {
    lastFound.detections.removeAll(keepingCapacity: true)
    lastFound.detections.append(contentsOf: result.detections)
    (lastFound.width, lastFound.height, lastFound.isComplete) = (result.frameWidth, result.frameHeight, result.isComplete && result.leftOut == 0)
  }

  /// Tells what was found last once more, and lets those that follow do the same.
  func repeatLast(_ frame: borrowing Frame, into result: FrameResult) {
    let isPictured = snapshots?.offer(frame.view, isUnseen: true) ?? false
    _ = result.begin(frame)
    result.isReused = true
    result.detections.removeAll(keepingCapacity: true)
    result.detections.append(contentsOf: lastFound.detections)
    (result.frameWidth, result.frameHeight, result.isComplete) = (lastFound.width, lastFound.height, lastFound.isComplete)
    decide(result, isSound: true)
    for follower in followers { follower.repeatFollowing(frame) }
    tell(result, TakenPixels(isPictured: isPictured))
  }

  private func repeatFollowing(_ frame: borrowing Frame) {
    countGiven()
    guard let result = begin() else { return }
    guard followed.outcome == .judged else { return seeNothing(frame, result) }
    repeatLast(frame, into: result)
  }
}

/// A pipeline that comes after another; on that one's thread.
extension PipelineWorker {
  /// Looks at what was chosen of the leader's detections, or at the whole frame if it found anything.
  func follow(_ frame: borrowing Frame, after leader: PipelineWorker) {
    progress.work()
    defer {
      progress.wait()
      shadow = nil
    }
    leader.progress.work()
    countGiven()
    followed.outcome = followed.count > 0 ? .missed : .nothing
    guard let result = begin() else { return }
    guard followed.count > 0 else { return seeNothing(frame, result) }
    guard isInTime(frame) else { return giveUp(result) { $0.countLate() } }
    let begun = result.begin(frame)
    let outcome: FrameOutcome
    let taken = takePixels(frame.view)
    let before = processor.faults
    if settings.crops == nil {
      outcome = processor.look(at: frame.view, into: result, from: begun)
    } else {
      let due = settings.budget.map { frame.capturedAt.advanced(by: $0) }
      outcome = followed.look(at: frame.view, by: processor, margin: settings.crops?.margin ?? 0, into: result) {
        progress.work()
        leader.progress.work()
        return due.map { $0 >= MonotonicClock.now() } ?? true
      }
    }
    guard isUsable(outcome, result) else { return }
    followed.outcome = .judged
    decide(result, isSound: processor.faults == before)
    tell(result, taken)
  }

  /// There is nothing in the frame for it: so its rules see that.
  private func seeNothing(_ frame: borrowing Frame, _ result: FrameResult) {
    let isPictured = snapshots?.offer(frame.view, isUnseen: true) ?? false
    guard inspector != nil || isPictured else { return giveUp(result) { $0.countUnneeded() } }
    _ = result.begin(frame)
    result.detections.removeAll(keepingCapacity: true)
    (result.frameWidth, result.frameHeight) = (frame.view.width, frame.view.height)
    inspect(result, isSound: true)
    snapshots?.answer(result, isTaken: isPictured)
    guard !result.ruleEvents.isEmpty else { return giveUp(result) { $0.countUnneeded() } }
    statistics.countUnneeded()
    countFinished()
    tellWithoutFrame(result)
  }

}
