import Foundation
import GateController
import GateProtocol
import Pipelines
import Testing

@Suite struct NoiseTests {
  /// Damaged frames; `make test-gate-noise` takes a million.
  private static let count = ProcessInfo.processInfo.environment["SWIFTLET_GATE_NOISE"].flatMap { Int($0) } ?? 20_000

  /// Every frame would move the gate, disarm it or change its configuration if it came through; session and sequence are right. The safe position is
  /// `pass`, and so is the verdict on unjudged parts: any movement at all is wrong.
  @Test func `no damaged frame moves the gate, disarms it or is answered`() {
    var random = SeededRandom(seed: 11)
    var configuration = Bench.configuration
    (configuration.safePosition, configuration.unjudged) = (.pass, .pass)
    var other = configuration
    other.travel = 1000
    var bench = Bench.armed(configuration)
    var (given, parts): (Int, UInt32) = (0, 0)
    while given < Self.count {
      bench.passPart()
      parts += 1
      if parts.isMultiple(of: 2) { bench.order(parts, .pass) }
      for _ in 0..<100 {
        let messages: [GateMessage] = [
          .partOrder(PartOrder(order: 1 + UInt32(truncatingIfNeeded: random.next() >> 33), part: bench.base &+ parts, verdict: .reject)),
          .momentOrder(MomentOrder(order: 1 + UInt32(truncatingIfNeeded: random.next() >> 33), moment: bench.now + UInt64(random.below(100_000)))),
          .configure(other), .hello(Hello(nonce: UInt32(truncatingIfNeeded: random.next()))),
        ]
        let choice = random.below(8)
        let message = messages[choice < 4 ? choice : choice % 2]
        let isHello = if case .hello = message { true } else { false }
        let frame = GateFrame(session: isHello ? 0 : bench.session, sequence: bench.sequence &+ 1, message: message)
        let neighbour = GateFrame(session: bench.session, sequence: bench.sequence &+ 2, message: messages[random.below(3)])
        bench.hear([0] + Damage.damaged(Self.content(frame), other: Self.content(neighbour), &random) + [0])
        given += 1
      }
      bench.run(for: 5000)
    }
    #expect(bench.movements.isEmpty)
    #expect(bench.state == .armed)
    bench.run(for: 400_000)
    #expect(bench.reached.allSatisfy { $0.position == .pass && ($0.order == 0) == ($0.cause == .unjudged) })
    #expect(bench.reached.count == Int(parts))
    #expect(bench.replies.count == Int(parts / 2))
    #expect(bench.counters.damagedFrames >= UInt32(given / 2))
    // And what is whole does move it.
    bench.passPart()
    bench.order(parts + 1, .reject)
    bench.run(for: 400_000)
    #expect(bench.movements.map(\.isDriven) == [true, false])
    print("gate noise: \(given) damaged frames, \(bench.counters.damagedFrames) seen as such, \(bench.counters.foreignFrames) foreign")
  }

  private static func content(_ frame: GateFrame) -> [UInt8] {
    let wire = frame.onTheWire
    return (1..<wire.count - 1).map { wire[$0] }
  }
}
