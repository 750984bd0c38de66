import CThreads
import Glibc
import Pipelines

/// What someone outside asks of the process.
public enum ProcessSignal: Sendable, Equatable {
  /// SIGTERM or SIGINT.
  case stop
  /// SIGHUP.
  case reload
}

/// Signals as ordinary calls instead of code that interrupts other code.
public enum ProcessSignals {
  /// Calls `handler` for each SIGTERM, SIGINT and SIGHUP from now on, on a thread of its own, and ignores SIGPIPE. A second
  /// request to stop ends the process at once: whoever asks twice doesn't want to wait for the orderly end. Once in a process.
  ///
  /// - Throws: `noThread`, also where it was called before.
  public static func handle(_ handler: @escaping @Sendable (ProcessSignal) -> Void) throws(SupervisionError) {
    let numbers = [SIGTERM, SIGINT, SIGHUP]
    let descriptor = unsafe swl_signals_open(numbers, numbers.count)
    guard descriptor >= 0 else { throw SupervisionError(.noThread, "signals can't be handled: \(unsafe String(cString: strerror(-descriptor)))") }
    _ = signal(SIGPIPE, SIG_IGN)
    do throws(PipelinesError) { _ = try DataPlaneThread(name: "signals") { serve(descriptor, handler) } } catch {
      throw SupervisionError(.noThread, error.message)
    }
  }

  private static func serve(_ descriptor: Int32, _ handler: @Sendable (ProcessSignal) -> Void) {
    var isStopping = false
    while true {
      var number: UInt8 = 0
      guard unsafe read(descriptor, &number, 1) == 1 else {
        if errno == EINTR { continue }
        return
      }
      if Int32(number) == SIGHUP {
        handler(.reload)
      } else {
        if isStopping { _exit(128 + Int32(number)) }
        isStopping = true
        handler(.stop)
      }
    }
  }
}
