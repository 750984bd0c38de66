import Glibc

/// Reads the kernel's clocks and relates them.
public enum MonotonicClock {
  public static func now() -> MonotonicInstant {
    MonotonicInstant(nanoseconds: UInt64(nanoseconds(of: CLOCK_MONOTONIC)))
  }

  /// The wall clock as it stands now; it jumps when someone sets it.
  public static func wallTime() -> WallTime {
    WallTime(microseconds: nanoseconds(of: CLOCK_REALTIME) / 1000)
  }

  /// What the wall clock, as it is set now, showed at `instant`.
  public static func wallTime(of instant: MonotonicInstant) -> WallTime {
    let age = nanoseconds(of: CLOCK_MONOTONIC) - Int64(clamping: instant.nanoseconds)
    return WallTime(microseconds: (nanoseconds(of: CLOCK_REALTIME) - age) / 1000)
  }

  /// How long the machine has been suspended since it started, to some microseconds: `now` stands still meanwhile.
  public static func sleepingTime() -> Duration {
    let awake = nanoseconds(of: CLOCK_MONOTONIC)
    return .nanoseconds(max(0, nanoseconds(of: CLOCK_BOOTTIME) - awake))
  }

  private static func nanoseconds(of clock: clockid_t) -> Int64 {
    var time = timespec()
    unsafe clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
