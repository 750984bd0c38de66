import GateController
import GateProtocol
import Testing

/// What the loop does with a board, in order.
private final class Record {
  enum Step: Equatable { case looked, moved, sent(UInt8), slept }
  var steps: [Step] = []
  var coming: [UInt8] = []
  /// Bytes that the line takes at once, and never again.
  var room = Int.max
}

/// A board whose line takes whatever is sent at once, as one with a buffer does.
private struct BufferedBoard: GateBoard, ~Copyable {
  let record: Record
  private var time: UInt64 = 0

  init(_ record: Record) { self.record = record }

  mutating func microseconds() -> UInt64 {
    time += 1
    return time
  }
  mutating func isPartPresent() -> Bool {
    record.steps.append(.looked)
    return false
  }
  mutating func encoderTicks() -> UInt64 { 0 }
  mutating func readByte() -> UInt8? { record.coming.isEmpty ? nil : record.coming.removeFirst() }
  mutating func hasLostBytes() -> Bool { false }
  mutating func write(_ byte: UInt8) -> Bool {
    guard record.room > 0 else { return false }
    record.room -= 1
    record.steps.append(.sent(byte))
    return true
  }
  mutating func apply(_ outputs: GateOutputs) { record.steps.append(.moved) }
  mutating func feedWatchdog() {}
  mutating func sleep(until moment: UInt64) { record.steps.append(.slept) }
}

@Suite struct LoopTests {
  private static func turns(_ record: Record, _ isEnough: (Record) -> Bool) {
    var loop = ControllerLoop(board: BufferedBoard(record), firmware: 1, bootCause: .power)
    let hello = GateFrame(session: 0, sequence: 1, message: .hello(Hello(nonce: 7))).onTheWire
    record.coming = (0..<hello.count).map { hello[$0] }
    for _ in 0..<1000 where !isEnough(record) { loop.turn() }
  }

  @Test func `the gate is looked after between any two bytes that are sent, and nothing sleeps before all are`() throws {
    let record = Record()
    Self.turns(record) { $0.steps.contains(.slept) }
    #expect(record.steps.last == .slept)
    var reader = FrameReader()
    var frames: [GateFrame] = []
    for case .sent(let byte) in record.steps { if case .frame(let frame) = reader.receive(byte) { frames.append(frame) } }
    #expect(frames.contains { if case .welcome = $0.message { true } else { false } }, "the whole answer")
    let sent = record.steps.indices.filter { if case .sent = record.steps[$0] { true } else { false } }
    for (one, next) in zip(sent, sent.dropFirst()) {
      #expect(record.steps[one..<next].contains(.looked) && record.steps[one..<next].contains(.moved))
    }
  }

  @Test func `a line that takes no more is tried again after a sleep`() {
    let record = Record()
    record.room = 3
    Self.turns(record) { $0.steps.contains(.slept) }
    #expect(record.steps.count { if case .sent = $0 { true } else { false } } == 3 && record.steps.last == .slept)
  }
}
