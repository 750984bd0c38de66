import Glibc

/// Mutual exclusion between data-plane threads. Hold it for a few instructions only, never across I/O that can wait.
///
/// It is a pthread mutex because ThreadSanitizer understands one; `Synchronization.Mutex` it reports as racing.
@safe public struct PthreadMutex: ~Copyable, @unchecked Sendable {
  /// At a stable address for as long as the owner lives; `PthreadCondition` waits with it.
  let native: UnsafeMutablePointer<pthread_mutex_t>

  public init() {
    unsafe native = .allocate(capacity: 1)
    unsafe native.initialize(to: pthread_mutex_t())
    let status = unsafe pthread_mutex_init(native, nil)
    precondition(status == 0, "pthread_mutex_init failed")
  }

  deinit {
    unsafe pthread_mutex_destroy(native)
    unsafe native.deallocate()
  }

  public func lock() {
    let status = unsafe pthread_mutex_lock(native)
    precondition(status == 0, "pthread_mutex_lock failed")
  }

  public func unlock() {
    let status = unsafe pthread_mutex_unlock(native)
    precondition(status == 0, "pthread_mutex_unlock failed")
  }

  /// Runs `body` while holding the mutex.
  public func withLock<Result: ~Copyable, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    lock()
    defer { unlock() }
    return try body()
  }
}
