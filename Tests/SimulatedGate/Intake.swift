import CSerialLine
import Pipelines

/// What has come on a pseudo-terminal, read by a thread of its own, as an interrupt would on a controller. To ask a terminal for bytes is to wait
/// until a thread of the kernel's, which has no priority at all, has moved them there; the loop that moves the gate mustn't wait for that.
@safe final class Intake: @unchecked Sendable {
  private let terminal: PseudoTerminal
  private let mutex = PthreadMutex()
  private var bytes: [UInt8] = []
  private let end: Int32
  private var thread: DataPlaneThread?

  /// - Parameter wake: made ready whenever bytes have come; it must stay open until `stop`.
  init?(_ terminal: PseudoTerminal, wake: Int32) {
    var end: Int32 = -1
    guard unsafe swl_serial_wake_open(&end) == 0 else { return nil }
    (self.terminal, self.end) = (terminal, end)
    bytes.reserveCapacity(4096)
    // It keeps this alive until it is stopped.
    thread = try? DataPlaneThread(name: "line") { [self] in read(wake) }
    guard thread != nil else { return nil }
  }

  deinit { swl_serial_close(end) }

  private func read(_ wake: Int32) {
    var buffer = [UInt8](repeating: 0, count: 256)
    while true {
      let events = swl_serial_wait(terminal.master, 0, end, 60_000_000_000)
      guard events >= 0, events & Int32(SWL_SERIAL_WOKEN.rawValue | SWL_SERIAL_GONE.rawValue) == 0 else { return }
      let count = terminal.read(into: &buffer)
      guard count > 0 else { continue }
      mutex.withLock { bytes.append(contentsOf: buffer[..<count]) }
      swl_serial_wake(wake)
    }
  }

  /// Puts what has come in place of what was there; nothing, where nothing has.
  func take(into taken: inout [UInt8]) {
    taken.removeAll(keepingCapacity: true)
    mutex.withLock { swap(&bytes, &taken) }
  }

  func write(_ byte: UInt8) -> Bool { terminal.write(byte) }

  /// Ends its thread.
  func stop() {
    swl_serial_wake(end)
    thread?.join()
  }
}
