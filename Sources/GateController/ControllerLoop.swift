public import GateProtocol

/// What a gate's controller needs of its hardware. A board is one file that conforms to it.
public protocol GateBoard: ~Copyable {
  /// Since its start; never backwards.
  mutating func microseconds() -> UInt64
  /// The part-present sensor, as it is now. Called at every turn of the loop.
  mutating func isPartPresent() -> Bool
  /// What the encoder has counted since the start.
  mutating func encoderTicks() -> UInt64
  /// The next byte that came over the agent's line.
  mutating func readByte() -> UInt8?
  /// Whether bytes were lost because they weren't fetched in time, since it was asked last.
  mutating func hasLostBytes() -> Bool
  /// - Returns: false where the line can't take the byte yet.
  mutating func write(_ byte: UInt8) -> Bool
  /// Without power the gate stands in its safe position.
  mutating func apply(_ outputs: GateOutputs)
  /// Keeps the hardware from being reset for a while.
  mutating func feedWatchdog()
  /// Waits until then or for the next byte or change of an input, whichever comes first. It may return sooner.
  mutating func sleep(until moment: UInt64)
}

/// The controller on a board: one turn reads everything, decides, and writes everything.
public struct ControllerLoop<Board: GateBoard & ~Copyable>: ~Copyable {
  /// Bytes a turn takes at most, so that a babbling line delays no gate.
  static var bytesEachTurn: Int { 64 }

  /// Microseconds after which a line that was busy is tried again.
  static var busyPause: UInt64 { 200 }

  public var board: Board
  public var controller: GateController
  private var lastFed: UInt64 = 0

  public init(board: consuming Board, firmware: UInt32, bootCause: BootCause) {
    self.board = board
    controller = GateController(firmware: firmware, bootCause: bootCause)
  }

  public mutating func turn() {
    let time = board.microseconds()
    controller.sense(partPresent: board.isPartPresent(), ticks: board.encoderTicks(), at: time)
    if board.hasLostBytes() { controller.noteReceiveOverrun() }
    var taken = 0
    while taken < Self.bytesEachTurn, let byte = board.readByte() {
      controller.receive(byte, at: board.microseconds())
      taken += 1
    }
    board.apply(controller.advance(to: board.microseconds()))
    // One byte a turn: a line with a buffer, as USB's, would take as many as there are, each of which costs time.
    var (hasSent, isBusy) = (false, false)
    if let byte = controller.outgoingByte {
      hasSent = board.write(byte)
      isBusy = !hasSent
      if hasSent { controller.removeOutgoingByte() }
    }
    // A clock that stands still moves no gate: then the watchdog must bite, too.
    if time > lastFed {
      lastFed = time
      board.feedWatchdog()
    }
    guard taken < Self.bytesEachTurn, !hasSent else { return }
    board.sleep(until: isBusy ? min(controller.wakesAt, time &+ Self.busyPause) : controller.wakesAt)
  }
}
