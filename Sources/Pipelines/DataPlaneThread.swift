import CThreads
import Glibc

/// A named kernel thread for work that blocks (cameras, kernels) and so must not run on Swift's cooperative pool.
@safe public final class DataPlaneThread: @unchecked Sendable {
  private final class Start {
    let name: String
    let processors: [Int]
    let niceness: Int32
    let body: @Sendable () -> Void

    init(name: String, processors: [Int], niceness: Int32, body: @escaping @Sendable () -> Void) {
      self.name = name
      self.processors = processors
      self.niceness = niceness
      self.body = body
    }
  }

  public let name: String
  private let mutex = PthreadMutex()
  private var thread: pthread_t?

  /// Starts `body` at once.
  ///
  /// - Parameters:
  ///   - name: shown by `top -H` and debuggers; the kernel keeps the first 15 bytes.
  ///   - processors: numbers of the processors that the thread may run on; empty for all. Numbers that the machine doesn't
  ///     have are ignored, as a preference may come from a configuration written elsewhere.
  ///   - niceness: how much more it gives way than the thread that starts it, 0 or more; at 19 in all it gets what others leave of the processors,
  ///     and hardly more.
  public init(name: String, processors: [Int] = [], niceness: Int32 = 0, body: @escaping @Sendable () -> Void) throws(PipelinesError) {
    self.name = name
    let start = unsafe Unmanaged.passRetained(Start(name: name, processors: processors, niceness: niceness, body: body))
    var created = pthread_t()
    let status = unsafe pthread_create(
      &created, nil,
      { argument in
        let start = unsafe Unmanaged<Start>.fromOpaque(argument!).takeRetainedValue()
        DataPlaneThread.apply(name: start.name, processors: start.processors)
        // To give way takes no right, so it can't fail.
        if start.niceness > 0 { _ = swl_thread_add_niceness(start.niceness) }
        start.body()
        return nil
      }, unsafe start.toOpaque())
    guard status == 0 else {
      unsafe start.release()
      throw PipelinesError(.noThread, "the thread ‘\(name)’ can't be started (error \(status)); raise the limit on processes or tasks of this service")
    }
    thread = created
  }

  deinit {
    if let thread { pthread_detach(thread) }
  }

  /// Waits for `body` to return. A second call returns at once. Not from the thread itself.
  public func join() {
    let joined: pthread_t? = mutex.withLock {
      let current = thread
      thread = nil
      return current
    }
    if let joined { pthread_join(joined, nil) }
  }

  private static func apply(name: String, processors: [Int]) {
    _ = unsafe swl_thread_set_name(name)
    let numbers = processors.map { Int32(clamping: $0) }
    // An unavailable processor leaves the thread where the scheduler puts it.
    _ = unsafe swl_thread_set_processors(numbers, numbers.count)
  }
}
