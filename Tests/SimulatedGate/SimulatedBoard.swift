import CSerialLine
import GateController
import Pipelines

/// One end of a pseudo-terminal, raw.
@safe final class PseudoTerminal: Sendable {
  let master: Int32
  private let slave: Int32
  /// What the other side opens.
  let path: String

  init?() {
    var (master, slave): (Int32, Int32) = (-1, -1)
    var name = [CChar](repeating: 0, count: 64)
    guard unsafe swl_serial_pair(&master, &slave, &name, name.count) == 0 else { return nil }
    (self.master, self.slave) = (master, slave)
    path = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    swl_serial_close(slave)
    swl_serial_close(master)
  }

  func read(into buffer: inout [UInt8]) -> Int {
    unsafe buffer.withUnsafeMutableBytes { memory in unsafe max(0, swl_serial_read(master, memory.baseAddress, memory.count)) }
  }

  func write(_ byte: UInt8) -> Bool {
    var byte = byte
    return unsafe swl_serial_write(master, &byte, 1) == 1
  }
}

/// A board whose agent's line and plant are pseudo-terminals. The plant speaks as the emulated board's second line does: `P` a part is there, `p` none,
/// `E` the encoder's next tick; `G` the gate has power, `g` none, `L` the lamp is lit, `l` dark. Two changes of the sensor that were read together
/// lie `dwell` apart all the same, as those of a real part would.
struct SimulatedBoard: GateBoard, ~Copyable {
  private let line: Intake
  private let plant: Intake
  private let wake: Wake
  private let start = MonotonicClock.now()
  private var received: [UInt8] = []
  private var receivedPosition = 0
  private var changes: [UInt8] = []
  private var changePosition = 0
  private var isPresent = false
  private var presentSince: UInt64 = 0
  private static let dwell: UInt64 = 3000
  private var ticks: UInt64 = 0
  private var shown = GateOutputs()

  /// - Parameter wake: ends its sleep; what comes on the lines makes it ready, too.
  init(line: Intake, plant: Intake, wake: Wake) {
    (self.line, self.plant, self.wake) = (line, plant, wake)
    received.reserveCapacity(Intake.limit)
    changes.reserveCapacity(Intake.limit)
  }

  deinit {
    line.stop()
    plant.stop()
  }

  mutating func microseconds() -> UInt64 { UInt64(max(0, start.duration(to: MonotonicClock.now()).wholeNanoseconds) / 1000) }

  /// Whether it knows of a change of an input that the loop hasn't been told of.
  var hasChange: Bool { changePosition < changes.count }

  private mutating func takeChanges() {
    guard !hasChange else { return }
    plant.take(into: &changes)
    changePosition = 0
  }

  mutating func isPartPresent() -> Bool {
    takeChanges()
    guard hasChange else { return isPresent }
    let change = changes[changePosition]
    if change == UInt8(ascii: "E") {
      ticks += 1
    } else {
      let now = microseconds()
      guard now - presentSince >= Self.dwell else { return isPresent }
      presentSince = now
      isPresent = change == UInt8(ascii: "P")
    }
    changePosition += 1
    return isPresent
  }

  mutating func encoderTicks() -> UInt64 { ticks }

  mutating func readByte() -> UInt8? {
    if receivedPosition == received.count {
      line.take(into: &received)
      receivedPosition = 0
    }
    guard receivedPosition < received.count else { return nil }
    defer { receivedPosition += 1 }
    return received[receivedPosition]
  }

  mutating func hasLostBytes() -> Bool { line.takeLoss() }
  mutating func write(_ byte: UInt8) -> Bool { line.write(byte) }

  mutating func apply(_ outputs: GateOutputs) {
    if outputs.isDriven != shown.isDriven { _ = plant.write(UInt8(ascii: outputs.isDriven ? "G" : "g")) }
    if outputs.isLit != shown.isLit { _ = plant.write(UInt8(ascii: outputs.isLit ? "L" : "l")) }
    shown = outputs
  }

  mutating func feedWatchdog() {}

  mutating func sleep(until moment: UInt64) {
    guard receivedPosition == received.count else { return }
    var moment = moment
    if !hasChange {
      // What came while a change was held back has had its wake used up by the sleep until then.
      takeChanges()
      guard !hasChange else { return }
    } else {
      guard changes[changePosition] != UInt8(ascii: "E") else { return }
      moment = min(moment, presentSince + Self.dwell)
    }
    let wait = Int64(clamping: moment) - Int64(clamping: microseconds())
    if wait > 0 { _ = swl_serial_wait(-1, 0, wake.descriptor, min(wait, 100_000) * 1000) }
  }
}

/// A controller on this machine: the firmware's logic, behind two pseudo-terminals, on a thread of its own.
@safe public final class SimulatedGate: @unchecked Sendable {
  /// What the agent opens.
  public let line: String
  /// What moves parts and sees the gate move.
  public let plant: String
  private let wake: Wake
  private let mutex = PthreadMutex()
  private var isStopped = false
  private var thread: DataPlaneThread?

  public init?() {
    guard let line = PseudoTerminal(), let plant = PseudoTerminal(), let wake = Wake() else { return nil }
    (self.line, self.plant, self.wake) = (line.path, plant.path, wake)
    guard let lineIntake = Intake(line, wake: wake) else { return nil }
    guard let plantIntake = Intake(plant, wake: wake) else {
      lineIntake.stop()
      return nil
    }
    let board = SimulatedBoard(line: lineIntake, plant: plantIntake, wake: wake)
    var whole: ControllerLoop<SimulatedBoard>? = ControllerLoop(board: board, firmware: 0x01_0000, bootCause: .power)
    let handed = SendableBox(whole.take()!)
    thread = try? DataPlaneThread(name: "simulated gate") { [weak self] in
      guard var loop = handed.take() else { return }
      while self?.mustRun == true { loop.turn() }
    }
    guard thread != nil else { return nil }
  }

  /// May run on the loop's own thread, so it can't wait for that: the loop sees that nobody has it any more, and takes its board with it.
  deinit { wake.wake() }

  private var mustRun: Bool { mutex.withLock { !isStopped } }

  /// Takes the controller away: its lines end.
  public func stop() {
    mutex.withLock { isStopped = true }
    wake.wake()
    thread?.join()
  }
}

/// Hands something over to a thread, once.
@safe private final class SendableBox<Value: ~Copyable>: @unchecked Sendable {
  private var value: Value?

  init(_ value: consuming Value) { self.value = consume value }

  func take() -> Value? { value.take() }
}
