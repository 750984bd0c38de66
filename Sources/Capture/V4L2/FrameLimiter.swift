import Pipelines

/// Lets through at most so many frames a second, with room for jitter (the generic cell rate algorithm, ITU-T I.371).
struct FrameLimiter {
  /// Nanoseconds a frame.
  private let interval: UInt64
  /// How far ahead of its time a frame may come: three intervals, as a driver may deliver a few at once after a delay.
  private let tolerance: UInt64
  private var due: UInt64 = 0

  /// - Parameter rate: frames a second.
  init(rate: Double) {
    interval = UInt64(min(1e9 / max(rate, 1e-6), 1e15))
    tolerance = interval * 3
  }

  mutating func admits(at instant: MonotonicInstant) -> Bool {
    let expected = max(due, instant.nanoseconds)
    guard expected - instant.nanoseconds <= tolerance else { return false }
    due = expected + interval
    return true
  }
}
