import CSerialLine
import Pipelines
@testable import SimulatedGate
import Testing

/// The stand-in for a controller's hardware, turned by hand.
@Suite struct SimulatedBoardTests {
  private static let soon: Int64 = 10_000_000_000

  private static func woken(_ wake: Wake) -> Bool { swl_serial_wait(-1, 0, wake.descriptor, soon) & Int32(SWL_SERIAL_WOKEN.rawValue) != 0 }

  private static func sleepUntil(_ isPresent: Bool, _ board: inout SimulatedBoard) -> Bool {
    let deadline = MonotonicClock.now().advanced(by: .seconds(10))
    while MonotonicClock.now() < deadline {
      if board.isPartPresent() == isPresent { return true }
      board.sleep(until: .max)
    }
    return false
  }

  @Test func `a change that comes while another is held back is found before the board sleeps`() throws {
    let (line, plant) = (try #require(PseudoTerminal()), try #require(PseudoTerminal()))
    let wake = try #require(Wake())
    let inputs = try #require(Intake(plant, wake: wake))
    var board = SimulatedBoard(line: try #require(Intake(line, wake: wake)), plant: inputs, wake: wake)
    let hand = try #require(Plant(plant.path))
    hand.tell("P")
    let hasCome = Self.sleepUntil(true, &board)
    #expect(hasCome)
    hand.tell("p")
    // As in the loop's sleep, which takes the wake of what came.
    #expect(Self.woken(wake))
    _ = board.isPartPresent()
    hand.tell("P")
    #expect(Self.woken(wake))
    let hasGone = Self.sleepUntil(false, &board)
    #expect(hasGone)
    board.sleep(until: .max)
    let knows = board.hasChange
    #expect(knows)
    let hasComeAgain = Self.sleepUntil(true, &board)
    #expect(hasComeAgain)
  }

  @Test func `a line that nobody takes from holds no more than its limit, and tells of the loss once`() throws {
    let (line, plant) = (try #require(PseudoTerminal()), try #require(PseudoTerminal()))
    let wake = try #require(Wake())
    let bytes = try #require(Intake(line, wake: wake))
    var board = SimulatedBoard(line: bytes, plant: try #require(Intake(plant, wake: wake)), wake: wake)
    var agent: Int32 = -1
    let isOpen = unsafe swl_serial_open(line.path, 115_200, &agent) == 0
    #expect(isOpen)
    defer { swl_serial_close(agent) }
    let lostBefore = board.hasLostBytes()
    #expect(!lostBefore)
    let many = [UInt8](repeating: 7, count: 256)
    let deadline = MonotonicClock.now().advanced(by: .seconds(10))
    var (isLost, sent) = (false, 0)
    while !isLost, MonotonicClock.now() < deadline {
      let count = unsafe many.withUnsafeBytes { unsafe swl_serial_write(agent, $0.baseAddress, $0.count) }
      if count > 0 { sent += count } else { _ = swl_serial_wait(-1, 0, wake.descriptor, Self.soon) }
      isLost = board.hasLostBytes()
    }
    #expect(isLost && sent > Intake.limit)
    var taken: [UInt8] = []
    bytes.take(into: &taken)
    #expect(taken.count == Intake.limit)
  }

  @Test func `a simulated gate that is let go of without being stopped ends its lines`() throws {
    var gate = SimulatedGate()
    let path = try #require(gate?.line)
    var line: Int32 = -1
    let isOpen = unsafe swl_serial_open(path, 115_200, &line) == 0
    #expect(isOpen)
    defer { swl_serial_close(line) }
    gate = nil
    let deadline = MonotonicClock.now().advanced(by: .seconds(10))
    var hasEnded = false
    var bytes = [UInt8](repeating: 0, count: 256)
    while !hasEnded, MonotonicClock.now() < deadline {
      hasEnded = swl_serial_wait(line, 0, -1, Self.soon) & Int32(SWL_SERIAL_GONE.rawValue) != 0
      _ = unsafe bytes.withUnsafeMutableBytes { unsafe swl_serial_read(line, $0.baseAddress, $0.count) }
    }
    #expect(hasEnded)
  }
}
