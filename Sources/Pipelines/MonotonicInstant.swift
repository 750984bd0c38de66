/// A moment on the kernel's monotonic clock (`CLOCK_MONOTONIC`, the one V4L2 drivers stamp frames with).
public struct MonotonicInstant: Comparable, Hashable, Sendable {
  /// Since an arbitrary start, usually the boot.
  public var nanoseconds: UInt64

  public init(nanoseconds: UInt64) {
    self.nanoseconds = nanoseconds
  }

  public static func < (left: Self, right: Self) -> Bool {
    left.nanoseconds < right.nanoseconds
  }

  /// The moment `duration` later; a negative duration goes back, at most to the clock's start.
  public func advanced(by duration: Duration) -> MonotonicInstant {
    let step = duration.wholeNanoseconds
    if step < 0 {
      return MonotonicInstant(nanoseconds: nanoseconds - min(nanoseconds, step.magnitude))
    }
    let (sum, overflow) = nanoseconds.addingReportingOverflow(UInt64(step))
    return MonotonicInstant(nanoseconds: overflow ? .max : sum)
  }

  /// How long from here to `other`; negative when `other` is earlier.
  public func duration(to other: MonotonicInstant) -> Duration {
    .nanoseconds(Int64(truncatingIfNeeded: other.nanoseconds &- nanoseconds))
  }
}

extension Duration {
  /// In whole nanoseconds, held to what 64 bits can say (292 years).
  public var wholeNanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, carried) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
    return overflow || carried ? (seconds < 0 ? .min : .max) : sum
  }
}
