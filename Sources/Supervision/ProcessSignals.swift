import Glibc
import Pipelines

/// What someone outside asks of the process.
public enum ProcessSignal: Sendable, Equatable {
  /// SIGTERM or SIGINT.
  case stop
  /// SIGHUP.
  case reload
}

/// Signals as an ordinary sequence instead of code that interrupts other code.
public enum ProcessSignals {
  /// Takes SIGTERM, SIGINT and SIGHUP away from the default action for the calling thread and all that it starts later, and
  /// ignores SIGPIPE. Called once, first thing in `main`, before any other thread exists.
  public static func block() {
    var set = waitedFor()
    unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    _ = signal(SIGPIPE, SIG_IGN)
  }

  /// Calls `handler` for each signal from now on, on a thread of its own. A second request to stop ends the process at once:
  /// whoever asks twice doesn't want to wait for the orderly end.
  public static func handle(_ handler: @escaping @Sendable (ProcessSignal) -> Void) throws(SupervisionError) {
    do {
      _ = try DataPlaneThread(name: "signals") {
        var set = waitedFor()
        var isStopping = false
        while true {
          var number: Int32 = 0
          guard unsafe sigwait(&set, &number) == 0 else { continue }
          if number == SIGHUP {
            handler(.reload)
          } else {
            if isStopping { _exit(128 + number) }
            isStopping = true
            handler(.stop)
          }
        }
      }
    } catch { throw SupervisionError(.noThread, error.message) }
  }

  private static func waitedFor() -> sigset_t {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for number in [SIGTERM, SIGINT, SIGHUP] { unsafe sigaddset(&set, number) }
    return set
  }
}
