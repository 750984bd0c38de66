import CThreads
import Glibc

/// Whether the wall clock can be believed.
public enum ClockStatus: String, Sendable {
  case synchronised
  case unsynchronised

  /// The kernel's view: synchronised while a time service keeps it so.
  public static func current() -> ClockStatus {
    var state = timex()
    let status = unsafe adjtimex(&state)
    return status < 0 || status == TIME_ERROR || state.status & STA_UNSYNC != 0 ? .unsynchronised : .synchronised
  }
}

/// Tells when somebody sets the wall clock: a descriptor for `poll`, readable from then on. For who waits for the time.
public final class ClockChange: Sendable {
  /// -1 where the system gives none.
  public let descriptor: CInt

  /// TFD_TIMER_ABSTIME and TFD_TIMER_CANCEL_ON_SET (linux/timerfd.h).
  private static let isAbsolute: CInt = 1, isCancelledOnSet: CInt = 2

  public init() {
    descriptor = timerfd_create(CLOCK_REALTIME, CInt(TFD_CLOEXEC) | CInt(TFD_NONBLOCK))
    // A moment that never comes; only the clock's setting ends the wait.
    var never = itimerspec(it_interval: timespec(), it_value: timespec(tv_sec: .max / 2_000_000_000, tv_nsec: 0))
    if descriptor >= 0 { _ = unsafe timerfd_settime(descriptor, Self.isAbsolute | Self.isCancelledOnSet, &never, nil) }
  }

  deinit {
    if descriptor >= 0 { _ = close(descriptor) }
  }
}
