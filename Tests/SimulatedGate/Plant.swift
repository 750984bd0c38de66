import CSerialLine
public import Pipelines

/// What stands around a controller on trial: moves parts past its sensor and sees its outputs, over the plant's line of the emulated or simulated board.
@safe public final class Plant: @unchecked Sendable {
  /// What the controller's outputs have done.
  public struct Seen {
    /// Changes of the gate's power.
    public var movements: [(at: MonotonicInstant, isDriven: Bool)] = []
    public var lampChanges = 0
    public var starts = 0
  }

  private let line: Int32
  private let wake: Int32
  private let mutex = PthreadMutex()
  private let changed = PthreadCondition()
  private var seen = Seen()
  private var thread: DataPlaneThread?

  /// - Parameter path: the plant's pseudo-terminal.
  public init?(_ path: String) {
    var (line, wake): (Int32, Int32) = (-1, -1)
    guard unsafe swl_serial_open(path, 115_200, &line) == 0, unsafe swl_serial_wake_open(&wake) == 0 else { return nil }
    (self.line, self.wake) = (line, wake)
    // It keeps this alive until the line ends.
    thread = try? DataPlaneThread(name: "plant") { [self] in watch() }
  }

  deinit {
    swl_serial_close(line)
    swl_serial_close(wake)
  }

  private func watch() {
    var buffer = [UInt8](repeating: 0, count: 64)
    while true {
      let events = swl_serial_wait(line, 0, wake, 60_000_000_000)
      guard events >= 0, events & Int32(SWL_SERIAL_GONE.rawValue) == 0 else { return }
      let count = unsafe buffer.withUnsafeMutableBytes { memory in unsafe swl_serial_read(line, memory.baseAddress, memory.count) }
      guard count >= 0 else { return }
      note(buffer[..<count])
    }
  }

  private func note(_ bytes: ArraySlice<UInt8>) {
    let now = MonotonicClock.now()
    mutex.withLock {
      for byte in bytes {
        switch byte {
        case UInt8(ascii: "G"): seen.movements.append((now, true))
        case UInt8(ascii: "g"): seen.movements.append((now, false))
        case UInt8(ascii: "L"), UInt8(ascii: "l"): seen.lampChanges += 1
        case UInt8(ascii: "B"): seen.starts += 1
        default: break
        }
      }
    }
    changed.broadcast()
  }

  /// Tells the board of a change of an input.
  public func tell(_ byte: Character) {
    var byte = byte.asciiValue ?? 0
    _ = unsafe swl_serial_write(line, &byte, 1)
  }

  /// Lets the belt run.
  public func pass(_ time: Duration) { _ = swl_serial_wait(-1, 0, -1, time.wholeNanoseconds) }

  public var now: Seen { mutex.withLock { seen } }

  /// Waits until it has seen enough; false after `timeout`.
  public func wait(_ timeout: Duration = .seconds(5), until condition: (Seen) -> Bool) -> Bool {
    let deadline = MonotonicClock.now().advanced(by: timeout)
    mutex.lock()
    defer { mutex.unlock() }
    while !condition(seen) { if !changed.wait(with: mutex, until: deadline) { return condition(seen) } }
    return true
  }
}
