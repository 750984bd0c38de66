import GateController
import GateProtocol
import Testing

@Suite struct SafetyTests {
  @Test func `without an agent the gate has no power, whatever passes, and the lamp blinks`() {
    var bench = Bench()
    bench.passPart()
    bench.run(for: 3_000_000)
    #expect(bench.movements.isEmpty && bench.state == .unconfigured)
    #expect(bench.lampChanges.count > 15)
  }

  @Test func `a hello alone moves nothing: the agent must configure`() {
    var bench = Bench()
    bench.run(for: 1000)
    bench.hello(nonce: 3)
    bench.order(1, .reject)
    bench.say(.momentOrder(MomentOrder(order: 1, moment: bench.now + 1000)))
    #expect(bench.replies.map(\.refusal) == [.notArmed, .notArmed])
    bench.run(for: 1_000_000)
    #expect(bench.movements.isEmpty)
  }

  @Test(arguments: [GatePosition.reject, .pass]) func `when the agent falls silent the gate takes its safe position and the lamp blinks`(safe: GatePosition) {
    var configuration = Bench.configuration
    configuration.safePosition = safe
    var bench = Bench.armed(configuration)
    bench.run(for: 1_000_000)
    #expect(bench.outputs.isDriven == (safe == .reject) && bench.outputs.isLit && bench.lampChanges.isEmpty)
    bench.passPart()
    bench.order(1, .reject)
    bench.passPart()
    bench.order(2, .pass)
    let movements = bench.movements.count
    let last = bench.now
    bench.isAlive = false
    bench.run(for: 140_000)
    #expect(bench.movements.count == movements)
    bench.run(for: 3_000_000)
    #expect(!bench.outputs.isDriven && bench.state == .silent)
    #expect(bench.movements.last.map { $0.time <= last + 500_001 } ?? true)
    #expect(bench.lampChanges.count > 3)
  }

  @Test func `parts that were ordered before the silence are not moved in it, and that is reported`() {
    var configuration = Bench.configuration
    configuration.travel = 2_000_000
    configuration.safePosition = .pass
    var bench = Bench.armed(configuration)
    bench.passPart()
    bench.order(1, .reject)
    bench.isAlive = false
    bench.run(for: 3_000_000)
    #expect(bench.movements.isEmpty)
    bench.forget()
    bench.isAlive = true
    bench.hello(nonce: 9)
    bench.say(.configure(configuration))
    bench.say(.agentHeartbeat(AgentHeartbeat(nextEvent: 1, wantsEvents: true)))
    #expect(bench.faults == [.agentSilent])
    #expect(bench.reached.map(\.cause) == [.silence] && bench.reached[0].position == .pass && bench.reached[0].order == 1001)
  }

  @Test func `after a silence only a new session arms the gate again`() {
    var bench = Bench.armed()
    let old = bench.session
    bench.isAlive = false
    bench.run(for: 1_000_000)
    bench.say(.configure(Bench.configuration))
    bench.isAlive = true
    bench.run(for: 500_000)
    #expect(bench.state == .silent && !bench.outputs.isDriven)
    bench.hello(nonce: 1)
    #expect(bench.session != old && bench.session != 0)
    bench.say(.configure(Bench.configuration))
    bench.run(for: 100_000)
    #expect(bench.state == .armed && bench.outputs.isDriven)
  }

  @Test(arguments: [TravelUnit.microseconds, .encoderTicks])
  func `after a reset the gate stays safe until what had passed the sensor unseen is past`(unit: TravelUnit) {
    var configuration = Bench.configuration
    configuration.unit = unit
    if unit == .encoderTicks { configuration.travel = 100 }
    var bench = Bench()
    (bench.ticks, bench.isAlive) = (7, true)
    bench.run(for: 1000)
    // Its edge is nobody's: there is no configuration yet.
    bench.passPart()
    bench.hello(nonce: 1)
    bench.say(.configure(configuration))
    let armed = bench.now
    if unit == .encoderTicks {
      bench.run(for: 1_000_000)
      for _ in 0..<99 { bench.ticks += 1; bench.run(for: 1000) }
      #expect(bench.movements.isEmpty && bench.state == .held)
      bench.ticks += 1
      let past = bench.now
      bench.run(for: Bench.pulse + 10_000)
      #expect(bench.movements.map(\.isDriven) == [true] && bench.movements[0].time >= past + Bench.pulse)
    } else {
      bench.run(for: 1_000_000)
      #expect(bench.movements.map(\.isDriven) == [true] && bench.movements[0].time == armed + Bench.travel + Bench.pulse)
    }
    #expect(bench.state == .armed)
  }

  @Test func `an agent that comes anew opens no gate before a part that is being rejected, and is told`() {
    var bench = Bench.armed()
    bench.passPart()
    bench.order(1, .reject)
    bench.run(for: Bench.travel - 21_000 + 10_000)
    #expect(bench.movements.last?.isDriven == false && bench.reached.map(\.cause) == [.ordered])
    let movements = bench.movements.count
    bench.hello(nonce: 8)
    bench.run(for: 20_000)
    bench.say(.configure(Bench.configuration))
    let armed = bench.now
    bench.run(for: 300_000)
    #expect(bench.movements.count == movements + 1 && bench.movements.last?.time == armed + Bench.pulse)
    bench.say(.agentHeartbeat(AgentHeartbeat(nextEvent: 1, wantsEvents: true)))
    #expect(bench.faults == [.rejectCutShort])
  }

  @Test func `a part that is due between hello and configuration is rejected for a whole pulse`() {
    var bench = Bench.armed()
    bench.passPart()
    bench.order(1, .pass)
    bench.run(for: Bench.travel - 21_000 - 2000)
    bench.hello(nonce: 8)
    bench.run(for: 3000)
    bench.say(.configure(Bench.configuration))
    let armed = bench.now
    bench.run(for: 300_000)
    #expect(bench.movements.last?.isDriven == true && bench.movements.last?.time == armed + Bench.pulse)
  }

  @Test func `a part that is due while the gate is held stays rejected for a whole pulse when the hold ends`() {
    var bench = Bench()
    bench.run(for: 1000)
    bench.hello(nonce: 1)
    bench.say(.configure(Bench.configuration))
    let armed = bench.now
    bench.run(for: Bench.pulse - 10_000)
    let edge = bench.now
    bench.passPart()
    bench.order(1, .pass)
    bench.run(for: 500_000)
    #expect(bench.reached.map(\.cause) == [.held] && edge + Bench.travel < armed + Bench.travel + Bench.pulse)
    #expect(bench.movements.map(\.time) == [edge + Bench.travel + Bench.pulse])
  }

  @Test func `with another session what was to pass is unjudged again, and what was to be rejected stays so, whoever orders it`() {
    var configuration = Bench.configuration
    configuration.travel = 1_000_000
    var bench = Bench.armed(configuration)
    for _ in 0..<4 { bench.passPart(); bench.run(for: 100_000) }
    bench.order(1, .pass, number: 11)
    bench.order(2, .pass, number: 12)
    bench.order(3, .reject, number: 13)
    bench.order(4, .reject, number: 14)
    bench.hello(nonce: 9)
    bench.say(.configure(configuration))
    bench.forget()
    bench.order(2, .reject, number: 22)
    bench.order(3, .pass, number: 23)
    bench.order(4, .reject, number: 24)
    bench.order(4, .reject, number: 34)
    #expect(bench.replies.map(\.refusal) == [nil, .duplicate, nil, .duplicate])
    bench.run(for: 1_200_000)
    #expect(bench.reached.map(\.order) == [0, 22, 13, 24])
    #expect(bench.reached.map(\.cause) == [.unjudged, .ordered, .ordered, .ordered])
    #expect(bench.reached.allSatisfy { $0.position == .reject })
  }

  @Test func `frames of an earlier session, repeated frames and frames from far ahead move nothing`() {
    var bench = Bench.armed()
    bench.passPart()
    let stale = GateFrame(
      session: bench.session ^ 1, sequence: bench.sequence + 1, message: .partOrder(PartOrder(order: 1, part: bench.base &+ 1, verdict: .pass)))
    bench.sayRaw(stale)
    bench.sayRaw(GateFrame(session: bench.session, sequence: bench.sequence, message: stale.message))
    bench.sayRaw(GateFrame(session: bench.session, sequence: bench.sequence &- 50, message: stale.message))
    bench.sayRaw(GateFrame(session: bench.session, sequence: bench.sequence &+ 5000, message: stale.message))
    bench.sayRaw(GateFrame(session: 0, sequence: bench.sequence + 1, message: stale.message))
    #expect(bench.replies.isEmpty)
    bench.run(for: 400_000)
    #expect(bench.reached.map(\.cause) == [.unjudged])
  }

  @Test func `sequence numbers wrap around`() {
    var bench = Bench()
    bench.sequence = .max - 3
    bench.run(for: 1000)
    bench.hello(nonce: 1)
    bench.say(.configure(Bench.configuration))
    bench.run(for: 1_000_000)
    #expect(bench.state == .armed && bench.sequence < 100)
  }

  @Test func `two lives of an agent never have the same session, even with the same nonce`() {
    var sessions = Set<UInt32>()
    var bench = Bench()
    for _ in 0..<200 {
      bench.run(for: 37)
      bench.hello(nonce: 4)
      bench.say(.configure(Bench.configuration))
      sessions.insert(bench.session)
    }
    #expect(sessions.count == 200)
  }

  @Test func `parts of two lives have different numbers`() {
    var numbers = Set<UInt32>()
    for start in UInt64(1)...50 {
      var bench = Bench()
      bench.run(for: start * 1000)
      bench.hello(nonce: 7)
      bench.say(.configure(Bench.configuration))
      numbers.insert(bench.base / 1000)
    }
    #expect(numbers.count == 50)
  }

  @Test func `a repeated hello gets the same welcome`() {
    var bench = Bench()
    bench.run(for: 1000)
    bench.hello(nonce: 4)
    let first = bench.session
    bench.run(for: 200)
    bench.hello(nonce: 4)
    #expect(bench.session == first)
  }

  @Test func `a changed configuration gives up what is on its way, holds the gate safe until it is past, and reports each part`() {
    var bench = Bench.armed()
    bench.passPart()
    bench.order(1, .pass)
    bench.passPart()
    let changed = bench.now
    var other = Bench.configuration
    other.travel = 400_000
    bench.say(.configure(Bench.configuration))
    #expect(bench.reached.isEmpty)
    bench.say(.configure(other))
    #expect(bench.faults == [.reconfigured])
    #expect(bench.reached.map(\.part) == [1, 2] && bench.reached.allSatisfy { $0.cause == .held && $0.position == .reject })
    #expect(!bench.outputs.isDriven && bench.state == .held)
    bench.run(for: 600_000)
    #expect(bench.outputs.isDriven && bench.state == .armed)
    #expect((bench.movements.last?.time ?? 0) > changed + 150_000)
  }

  @Test func `a configuration with a flaw is refused and the old one stays`() {
    var bench = Bench.armed()
    var bad = Bench.configuration
    bad.pulse = 0
    bench.say(.configure(bad))
    #expect(bench.said.map(\.message).contains(.configured(ConfigureReply(digest: bad.digest, flaw: .pulse))))
    #expect(bench.state == .armed)
  }

  @Test func `events that the line swallowed are sent again, and overwritten ones show as a gap`() {
    var bench = Bench.armed()
    for _ in 0..<5 { bench.passPart(); bench.run(for: 300_000) }
    let all = bench.events
    #expect(all.map(\.number) == (1...10).map { UInt32($0) })
    bench.forget()
    bench.say(.agentHeartbeat(AgentHeartbeat(nextEvent: 4, wantsEvents: true)))
    #expect(bench.events == Array(all.dropFirst(3)))
    for _ in 0..<70 { bench.passPart(); bench.run(for: 300_000) }
    bench.forget()
    bench.say(.agentHeartbeat(AgentHeartbeat(nextEvent: 4, wantsEvents: true)))
    bench.run(for: 1000)
    // The last 128 of them.
    #expect(bench.events.map(\.number) == (23...150).map { UInt32($0) })
  }

  @Test func `time replies carry the controller's clock`() {
    var bench = Bench.armed()
    bench.say(.timeRequest(TimeRequest(sentAt: 99)))
    let now = bench.now
    #expect(bench.said.map(\.message).contains(.timeReply(TimeReply(sentAt: 99, receivedAt: now, repliedAt: now))))
  }
}
