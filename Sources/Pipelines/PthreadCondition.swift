import Glibc

/// Threads wait here, holding a `PthreadMutex`, until another signals. Deadlines are on the monotonic clock, so a set wall
/// clock neither shortens nor stretches a wait.
@safe public struct PthreadCondition: ~Copyable, @unchecked Sendable {
  private let native: UnsafeMutablePointer<pthread_cond_t>

  public init() {
    unsafe native = .allocate(capacity: 1)
    unsafe native.initialize(to: pthread_cond_t())
    var attributes = pthread_condattr_t()
    unsafe pthread_condattr_init(&attributes)
    unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    let status = unsafe pthread_cond_init(native, &attributes)
    precondition(status == 0, "pthread_cond_init failed")
    unsafe pthread_condattr_destroy(&attributes)
  }

  deinit {
    unsafe pthread_cond_destroy(native)
    unsafe native.deallocate()
  }

  public func signal() {
    unsafe pthread_cond_signal(native)
  }

  public func broadcast() {
    unsafe pthread_cond_broadcast(native)
  }

  /// Waits with `mutex` held; it is released meanwhile and held again on return. May return without a signal, so callers
  /// check their condition in a loop.
  ///
  /// - Returns: false when `deadline` has passed (nil waits for ever).
  @discardableResult
  public func wait(with mutex: borrowing PthreadMutex, until deadline: MonotonicInstant? = nil) -> Bool {
    guard let deadline else {
      unsafe pthread_cond_wait(native, mutex.native)
      return true
    }
    var time = timespec(tv_sec: Int(deadline.nanoseconds / 1_000_000_000), tv_nsec: Int(deadline.nanoseconds % 1_000_000_000))
    return unsafe pthread_cond_timedwait(native, mutex.native, &time) != ETIMEDOUT
  }
}
