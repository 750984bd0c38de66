import CSerialLine
import Pipelines

/// A descriptor that ends a wait from another thread; open for as long as anything refers to it.
@safe final class Wake: Sendable {
  let descriptor: Int32

  init?() {
    var descriptor: Int32 = -1
    guard unsafe swl_serial_wake_open(&descriptor) == 0 else { return nil }
    self.descriptor = descriptor
  }

  deinit { swl_serial_close(descriptor) }

  func wake() { swl_serial_wake(descriptor) }
}

/// What has come on a pseudo-terminal, read by a thread of its own, as an interrupt would on a controller. To ask a terminal for bytes is to wait
/// until a thread of the kernel's, which has no priority at all, has moved them there; the loop that moves the gate mustn't wait for that.
@safe final class Intake: @unchecked Sendable {
  /// Bytes that it holds. A controller's has a few hundred; this is many times what the loop takes in a turn, as this machine may give the loop no
  /// processor for longer than a controller's ever waits for one.
  static let limit = 4096

  private let terminal: PseudoTerminal
  private let mutex = PthreadMutex()
  private var bytes: [UInt8] = []
  private var hasLost = false
  private let end: Wake
  private var thread: DataPlaneThread?

  /// - Parameter wake: made ready whenever bytes have come.
  init?(_ terminal: PseudoTerminal, wake: Wake) {
    guard let end = Wake() else { return nil }
    (self.terminal, self.end) = (terminal, end)
    bytes.reserveCapacity(Self.limit)
    // It keeps this alive until it is stopped.
    thread = try? DataPlaneThread(name: "line") { [self] in read(wake) }
    guard thread != nil else { return nil }
  }

  private func read(_ wake: Wake) {
    var buffer = [UInt8](repeating: 0, count: 256)
    while true {
      let events = swl_serial_wait(terminal.master, 0, end.descriptor, 60_000_000_000)
      guard events >= 0, events & Int32(SWL_SERIAL_WOKEN.rawValue | SWL_SERIAL_GONE.rawValue) == 0 else { return }
      let count = terminal.read(into: &buffer)
      guard count > 0 else { continue }
      mutex.withLock {
        let kept = min(count, Self.limit - bytes.count)
        bytes.append(contentsOf: buffer[..<kept])
        if kept < count { hasLost = true }
      }
      wake.wake()
    }
  }

  /// Puts what has come in place of what was there; nothing, where nothing has.
  func take(into taken: inout [UInt8]) {
    taken.removeAll(keepingCapacity: true)
    mutex.withLock { swap(&bytes, &taken) }
  }

  /// Whether bytes came when it was full, since it was asked last.
  func takeLoss() -> Bool {
    mutex.withLock {
      defer { hasLost = false }
      return hasLost
    }
  }

  func write(_ byte: UInt8) -> Bool { terminal.write(byte) }

  /// Ends its thread.
  func stop() {
    end.wake()
    thread?.join()
  }
}
