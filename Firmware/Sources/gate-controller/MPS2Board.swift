import CBoard
import GateController
import GateProtocol

/// Arm's MPS2 with the image AN386, which QEMU emulates as `mps2-an386`. UART 0 is the agent's line. The emulated board has no pins, so UART 1 stands
/// for the plant: a byte in is a change of an input (`P` a part is there, `p` none, `E` the encoder's next tick; `W` wedges the loop, to try the
/// watchdog), a byte out a change of an output (`G` the gate has power, `g` none, `L` the lamp is lit, `l` dark; `B` at the start). Two
/// changes of the sensor that wait together lie `dwell` apart all the same, as those of a real part would. On real hardware these are pins, and what is
/// to change are `isPartPresent`, `encoderTicks`, `apply` and what ends a sleep.
struct MPS2Board: GateBoard, ~Copyable {
  /// Of the system clock, in a microsecond.
  private static let ticksEach: UInt32 = 25
  /// Within this time the loop must come round, in the watchdog's ticks: a second.
  private static let watchdogTicks: UInt32 = 25_000_000

  private let line = SerialPort(at: 0x4000_4000)
  private let plant = SerialPort(at: 0x4000_5000)
  private let clockTimer = Timer(at: 0x4000_0000)
  private let alarm = Timer(at: 0x4000_1000)
  private let watchdog = Watchdog(at: 0x4000_8000)
  private var clock: MicrosecondClock
  private var isPresent = false
  private var presentSince: UInt64 = 0
  /// In microseconds.
  private static let dwell: UInt64 = 3000
  /// Microseconds by which a sleep ends too early, and the loop turns without one. A sleep of the emulated processor ends late by about as much: two threads
  /// of the host have to wake for it, one after the other.
  private static let ahead: UInt64 = 300
  private var ticks: UInt64 = 0
  private var shown = GateOutputs()
  private var report: UInt8 = 0

  init() {
    watchdog.start(ticks: Self.watchdogTicks)
    line.open()
    plant.open()
    clockTimer.runFreely()
    clock = MicrosecondClock(ticksEach: Self.ticksEach, startingAt: clockTimer.count)
    // Bytes of both lines and the alarm end a sleep.
    board_write(0xE000_E100, 1 << 0 | 1 << 2 | 1 << 9)
    plant.writeAtOnce(UInt8(ascii: "B"))
  }

  mutating func microseconds() -> UInt64 { clock.update(clockTimer.count) }

  /// One change a turn, so that none is lost.
  mutating func isPartPresent() -> Bool {
    let now = microseconds()
    guard now &- presentSince >= Self.dwell else { return isPresent }
    switch plant.read() {
    case UInt8(ascii: "P"): (isPresent, presentSince) = (true, now)
    case UInt8(ascii: "p"): (isPresent, presentSince) = (false, now)
    case UInt8(ascii: "E"): ticks &+= 1
    case UInt8(ascii: "W"): while true {}
    default: break
    }
    return isPresent
  }

  mutating func encoderTicks() -> UInt64 { ticks }
  mutating func readByte() -> UInt8? { line.read() }
  mutating func hasLostBytes() -> Bool { line.takeOverrun() }
  mutating func write(_ byte: UInt8) -> Bool { line.write(byte) }

  mutating func apply(_ outputs: GateOutputs) {
    guard outputs != shown else { return }
    board_write(0x4002_8000, (outputs.isDriven ? 1 : 0) | (outputs.isLit ? 2 : 0))
    if outputs.isDriven != shown.isDriven { plant.writeAtOnce(UInt8(ascii: outputs.isDriven ? "G" : "g")) }
    if outputs.isLit != shown.isLit { plant.writeAtOnce(UInt8(ascii: outputs.isLit ? "L" : "l")) }
    shown = outputs
  }

  mutating func feedWatchdog() { watchdog.feed() }

  mutating func sleep(until moment: UInt64) {
    let time = microseconds()
    guard moment > time, moment &- time > Self.ahead else { return }
    // Within the clock's round, and the watchdog's.
    let wait = UInt32(truncatingIfNeeded: min(moment &- time &- Self.ahead, 100_000))
    alarm.ring(after: wait &* Self.ticksEach)
    // A byte that comes between these lines is pending already, and the processor doesn't sleep.
    if !line.hasByte && !plant.hasByte { board_wait() }
    alarm.stop()
    line.clearInterrupt()
    plant.clearInterrupt()
    board_write(0xE000_E280, 1 << 0 | 1 << 2 | 1 << 9)
  }
}
