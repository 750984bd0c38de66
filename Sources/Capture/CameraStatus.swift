import Pipelines

/// A source's state and counters, written by its capture thread and read by any.
final class CameraStatus: @unchecked Sendable {
  private let mutex = PthreadMutex()
  private var current = CameraState.starting
  private var counted = CaptureCounters()
  private var reported = CameraState.starting

  var state: CameraState {
    mutex.withLock { current }
  }

  var counters: CaptureCounters {
    mutex.withLock { counted }
  }

  func enter(_ state: CameraState) {
    mutex.withLock { current = state }
  }

  func count(_ counter: WritableKeyPath<CaptureCounters, UInt64>, by amount: UInt64 = 1) {
    mutex.withLock { counted[keyPath: counter] += amount }
  }

  /// Whether `takeChange` has something to tell.
  var hasChange: Bool {
    mutex.withLock { reported != current }
  }

  /// The state, when it has changed since the last call.
  func takeChange() -> CameraState? {
    mutex.withLock {
      guard reported != current else { return nil }
      reported = current
      return current
    }
  }
}
