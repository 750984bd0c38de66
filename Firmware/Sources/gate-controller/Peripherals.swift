import CBoard

/// A UART of Arm's Cortex-M system design kit; one byte each way.
struct SerialPort {
  private let base: UInt32

  init(at base: UInt32) { self.base = base }

  /// 115,200 baud from 25 MHz; both directions, an interrupt for what comes.
  func open() {
    board_write(base + 0x10, 217)
    board_write(base + 0x08, 0b1011)
  }

  var hasByte: Bool { board_read(base + 0x04) & 2 != 0 }

  func read() -> UInt8? { hasByte ? UInt8(truncatingIfNeeded: board_read(base)) : nil }

  func write(_ byte: UInt8) -> Bool {
    guard board_read(base + 0x04) & 1 == 0 else { return false }
    board_write(base, UInt32(byte))
    return true
  }

  /// For what must not be kept waiting by a reader: a byte that finds the line busy for long is lost.
  func writeAtOnce(_ byte: UInt8) {
    var tries: UInt32 = 0
    while !write(byte), tries < 4000 { tries &+= 1 }
  }

  /// Whether a byte was overwritten by the next since it was asked last.
  func takeOverrun() -> Bool {
    guard board_read(base + 0x04) & 8 != 0 else { return false }
    board_write(base + 0x04, 8)
    return true
  }

  func clearInterrupt() { board_write(base + 0x0C, 0b1111) }
}

/// A timer of the same kit, which counts down.
struct Timer {
  private let base: UInt32

  init(at base: UInt32) { self.base = base }

  func runFreely() {
    board_write(base + 0x08, .max)
    board_write(base + 0x04, .max)
    board_write(base, 1)
  }

  /// Upward.
  var count: UInt32 { ~board_read(base + 0x04) }

  /// An interrupt after so many ticks.
  func ring(after ticks: UInt32) {
    board_write(base, 0)
    board_write(base + 0x0C, 1)
    board_write(base + 0x08, ticks)
    board_write(base + 0x04, ticks)
    board_write(base, 0b1001)
  }

  func stop() {
    board_write(base, 0)
    board_write(base + 0x0C, 1)
  }
}

/// The watchdog of the same kit: its first expiry is an NMI, its second a reset.
struct Watchdog {
  private let base: UInt32

  init(at base: UInt32) { self.base = base }

  func start(ticks: UInt32) {
    board_write(base + 0xC00, 0x1ACC_E551)
    board_write(base, ticks)
    board_write(base + 0x08, 0b11)
    // Locked again: a stray write must not stop it.
    board_write(base + 0xC00, 0)
  }

  func feed() {
    board_write(base + 0xC00, 0x1ACC_E551)
    board_write(base + 0x0C, 1)
    board_write(base + 0xC00, 0)
  }
}
