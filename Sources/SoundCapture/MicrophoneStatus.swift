import Pipelines

/// A microphone's state and counters, written by its capture thread and read by any.
final class MicrophoneStatus: @unchecked Sendable {
  private let mutex = PthreadMutex()
  private var current = MicrophoneState.starting
  private var counted = MicrophoneCounters()
  private var reported = MicrophoneState.starting

  var state: MicrophoneState {
    mutex.withLock { current }
  }

  var counters: MicrophoneCounters {
    mutex.withLock { counted }
  }

  func enter(_ state: MicrophoneState) {
    mutex.withLock { current = state }
  }

  func count(_ counter: WritableKeyPath<MicrophoneCounters, UInt64>, by amount: Int = 1) {
    mutex.withLock { counted[keyPath: counter] += UInt64(amount) }
  }

  /// The state, when it has changed since the last call.
  func takeChange() -> MicrophoneState? {
    mutex.withLock {
      guard reported != current else { return nil }
      reported = current
      return current
    }
  }
}
