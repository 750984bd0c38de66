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

  @Test func `answers that find no room are missing in the numbers of what is sent`() throws {
    let record = Record()
    var loop = ControllerLoop(board: BufferedBoard(record), firmware: 1, bootCause: .power)
    var reader = FrameReader()
    var (answers, last, session): (Int, UInt32, UInt32) = (0, 0, 0)
    func read() {
      for case .sent(let byte) in record.steps {
        guard case .frame(let frame) = reader.receive(byte) else { continue }
        (last, session) = (frame.sequence, frame.session)
        if case .orderReply = frame.message { answers += 1 }
      }
      record.steps = []
    }
    func hear(_ frame: GateFrame) {
      let bytes = frame.onTheWire
      record.coming += (0..<bytes.count).map { bytes[$0] }
    }
    func runUntilAsleep() {
      for _ in 0..<10_000 where record.steps.last != .slept { loop.turn() }
      #expect(record.steps.last == .slept)
    }
    hear(GateFrame(session: 0, sequence: 1, message: .hello(Hello(nonce: 7))))
    runUntilAsleep()
    read()
    #expect(session != 0)
    // More than fill the loop's turns and its output: each is answered, as nothing is configured yet, by a refusal.
    let (before, orders) = (last, 80)
    for number in 0..<orders {
      let order = PartOrder(order: UInt32(number + 1), part: 1, verdict: .reject)
      hear(GateFrame(session: session, sequence: UInt32(number + 2), message: .partOrder(order)))
    }
    runUntilAsleep()
    // What is sent behind them shows how many are missing.
    hear(GateFrame(session: session, sequence: UInt32(orders + 2), message: .timeRequest(TimeRequest(sentAt: 5))))
    read()
    runUntilAsleep()
    read()
    #expect(answers > 0 && answers < orders, "the output was full")
    #expect(Int(last - before) == orders + 1)
  }

  @Test func `a line that takes no more is tried again after a sleep`() {
    let record = Record()
    record.room = 3
    Self.turns(record) { $0.steps.contains(.slept) }
    #expect(record.steps.count { if case .sent = $0 { true } else { false } } == 3 && record.steps.last == .slept)
  }
}
