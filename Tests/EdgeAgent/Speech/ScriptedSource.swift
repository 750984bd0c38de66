import Foundation
import Pipelines
import SoundCapture
import TestBroker

/// Gives what a test says, and then waits until it is told to stop.
final class ScriptedSource: SoundSource, @unchecked Sendable {
  enum Step {
    /// Samples of one value, from a position on, heard so long after the start.
    case sound(Float, count: Int, at: Int, heard: Duration)
    case block(Float, SoundBlock)
    case state(MicrophoneState)
    /// Something that the test does before the next step.
    case then(@Sendable () -> Void)
    case counts(MicrophoneCounters)
  }

  let start = MonotonicClock.now()
  /// Set before it is read.
  var onTurn: CaptureTurn?
  /// Told when nothing is left to give, once for all that was given.
  let isIdle = Recorder<Bool>()
  private let condition = NSCondition()
  private var steps: [Step]
  private var isStopped = false
  private var present = MicrophoneState.starting
  private var counted = MicrophoneCounters()

  init(_ steps: [Step]) { self.steps = steps }

  var state: MicrophoneState { condition.withLock { present } }
  var counters: MicrophoneCounters { condition.withLock { counted } }
  var isStopping: Bool { condition.withLock { isStopped } }

  func give(_ more: [Step]) {
    condition.withLock { steps += more }
    condition.broadcast()
  }

  func stop() {
    condition.withLock { isStopped = true }
    condition.broadcast()
  }

  func next(into samples: inout [Float], timeout: Duration) -> SoundEvent {
    while true {
      condition.lock()
      if steps.isEmpty, !isStopped { isIdle.append(true) }
      while steps.isEmpty, !isStopped { condition.wait() }
      guard !steps.isEmpty else {
        present = .ended
        condition.unlock()
        return .ended
      }
      let step = steps.removeFirst()
      if case .state(let state) = step { present = state }
      if case .counts(let counters) = step { counted = counters }
      condition.unlock()
      switch step {
      case .sound(let value, let count, let position, let heard):
        samples = [Float](repeating: value, count: count)
        return .sound(SoundBlock(position: position, count: count, capturedAt: start.advanced(by: heard)))
      case .block(let value, let block):
        samples = [Float](repeating: value, count: block.count)
        return .sound(block)
      case .state(let state): return .stateChanged(state)
      case .then(let action): action()
      case .counts: return .timedOut
      }
    }
  }
}
