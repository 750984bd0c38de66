import Pipelines

/// Lets through what a step leaves of a pipeline's frames. One thread's own.
struct FrameThrottle {
  private var left = 0
  private var restsUntil = MonotonicInstant(nanoseconds: 0)

  /// However long a frame took: it may have been the machine that stood still, and a pipeline that rests sees nothing.
  static let longestRest = Duration.seconds(1)

  /// Whether the next frame is to be processed.
  mutating func admits(at now: MonotonicInstant, step: Int) -> Bool {
    guard step > 0 else {
      left = 0
      return true
    }
    if left > 0 || now < restsUntil {
      left = max(0, left - 1)
      return false
    }
    return true
  }

  /// Notes how long a frame took; the next ones have to wait for it.
  mutating func note(_ work: Duration, until end: MonotonicInstant, step: Int) {
    let others = (1 << step) - 1
    left = others
    restsUntil = end.advanced(by: min(min(work, Self.longestRest) * others, Self.longestRest))
  }
}
