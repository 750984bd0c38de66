import GateController
import GateProtocol
import Testing

/// From the sensor to the gate. The safe position is `reject`: the gate has power while parts pass.
@Suite struct PartTests {
  @Test func `a part is seen with the moment of its first edge, and passes when ordered so`() {
    var bench = Bench.armed()
    let edge = bench.now
    bench.passPart()
    #expect(bench.events.map(\.part) == [1])
    #expect(bench.events[0].time == edge)
    bench.order(1, .pass)
    #expect(bench.replies == [OrderReply(order: 1001, refusal: nil, position: edge + Bench.travel)])
    bench.run(for: 400_000)
    #expect(bench.reached.map(\.time) == [edge + Bench.travel])
    #expect(bench.reached.map(\.position) == [.pass] && bench.reached[0].cause == .ordered && bench.reached[0].order == 1001)
    #expect(bench.movements.map(\.isDriven) == [true])
  }

  @Test func `a reject lasts its pulse, from the moment at which the part is there`() {
    var bench = Bench.armed()
    let edge = bench.now
    bench.passPart()
    bench.order(1, .reject)
    bench.run(for: 400_000)
    #expect(bench.movements.dropFirst().map(\.isDriven) == [false, true])
    #expect(bench.movements.dropFirst().map(\.time) == [edge + Bench.travel, edge + Bench.travel + Bench.pulse])
    #expect(bench.reached.map(\.position) == [.reject])
  }

  @Test(arguments: [GatePosition.reject, .pass]) func `a part without an order gets the configured verdict, and is counted`(verdict: GatePosition) {
    var configuration = Bench.configuration
    configuration.unjudged = verdict
    var bench = Bench.armed(configuration)
    bench.passPart()
    bench.run(for: 400_000)
    #expect(bench.reached.map(\.cause) == [.unjudged] && bench.reached[0].position == verdict && bench.reached[0].order == 0)
    #expect(bench.state == .armed)
    bench.order(1, .reject)
    #expect(bench.replies.map(\.refusal) == [.late])
    bench.run(for: 300_000)
    #expect(bench.counters.unjudged == 1 && bench.counters.late == 1)
  }

  @Test func `parts between sensor and gate are each judged by their own order, in whatever sequence these come`() {
    var bench = Bench.armed()
    for _ in 0..<4 { bench.passPart(); bench.run(for: 20_000) }
    bench.order(3, .reject)
    bench.order(1, .pass)
    bench.order(4, .pass)
    bench.run(for: 400_000)
    #expect(bench.reached.map(\.part) == [1, 2, 3, 4])
    #expect(bench.reached.map(\.cause) == [.ordered, .unjudged, .ordered, .overlap])
    // 40 ms behind a reject of 50 ms: the gate still rejects, and says so.
    #expect(bench.reached.map(\.position) == [.pass, .reject, .reject, .reject])
  }

  @Test func `orders that can't be carried out are refused for distinct reasons`() {
    var bench = Bench.armed()
    bench.passPart()
    bench.order(1, .pass, number: 5)
    bench.order(1, .pass, number: 5)
    bench.order(1, .reject, number: 5)
    bench.order(1, .reject, number: 6)
    bench.order(2, .reject, number: 7)
    bench.order(0, .reject, number: 8)
    // Of an earlier life, perhaps.
    bench.say(.partOrder(PartOrder(order: 9, part: bench.base, verdict: .reject)))
    bench.say(.partOrder(PartOrder(order: 9, part: bench.base &- 1_000_000, verdict: .reject)))
    #expect(bench.replies.map(\.refusal) == [nil, nil, .duplicate, nil] + [OrderRefusal?](repeating: .unknownPart, count: 4))
    bench.passPart()
    bench.order(2, .pass, number: 6)
    #expect(bench.replies.last?.refusal == .duplicate)
    bench.run(for: 400_000)
    // Carried out already: its answer was lost, and it comes again.
    bench.forget()
    bench.order(1, .reject, number: 6)
    bench.order(1, .pass, number: 9)
    #expect(bench.replies.map(\.refusal) == [nil, .late])
  }

  @Test func `a reject outweighs a pass until the part is there, and a pass never a reject`() {
    var bench = Bench.armed()
    bench.passPart()
    bench.order(1, .pass, number: 5)
    bench.order(1, .reject, number: 6)
    // The answer to the first was lost.
    bench.order(1, .pass, number: 5)
    bench.order(1, .pass, number: 7)
    bench.order(1, .reject, number: 6)
    #expect(bench.replies.map(\.refusal) == [nil, nil, .duplicate, .duplicate, nil])
    bench.run(for: 400_000)
    #expect(bench.reached.map(\.position) == [.reject] && bench.reached.map(\.order) == [6] && bench.reached.map(\.cause) == [.ordered])
    bench.passPart()
    bench.order(2, .pass, number: 8)
    // Behind its arrival, and the controller hasn't looked since.
    bench.forget()
    bench.sequence += 1
    let order = PartOrder(order: 9, part: 2 &+ bench.base, verdict: .reject)
    let wire = GateFrame(session: bench.session, sequence: bench.sequence, message: .partOrder(order)).onTheWire
    for index in 0..<wire.count { bench.controller.receive(wire[index], at: bench.now + 300_000) }
    bench.run(for: 1000)
    #expect(bench.replies.map(\.refusal) == [.late])
  }

  @Test func `an order that is repeated at the moment of its part is accepted, and a first one is late`() {
    var bench = Bench.armed()
    bench.passPart()
    bench.order(1, .pass, number: 5)
    bench.run(for: 10_000)
    bench.passPart()
    bench.run(for: 120_000)
    // Behind the second part's arrival, and the controller hasn't looked since.
    let late = bench.now + 200_000
    for (number, part) in [(UInt32(5), UInt32(1)), (6, 2)] {
      bench.sequence += 1
      let order = PartOrder(order: number, part: part &+ bench.base, verdict: .pass)
      let wire = GateFrame(session: bench.session, sequence: bench.sequence, message: .partOrder(order)).onTheWire
      for index in 0..<wire.count { bench.controller.receive(wire[index], at: late) }
    }
    bench.run(for: 300_000)
    #expect(bench.replies.map(\.refusal) == [nil, nil, .late])
  }

  @Test func `bounces are one part, and spikes none`() {
    var bench = Bench.armed()
    for _ in 0..<20 { bench.isPresent.toggle(); bench.run(for: 100) }
    bench.run(for: 10_000)
    #expect(bench.events.isEmpty)
    let edge = bench.now
    for level in [true, false, true, false, true] { bench.isPresent = level; bench.run(for: 130) }
    bench.run(for: 10_000)
    for level in [false, true, false] { bench.isPresent = level; bench.run(for: 130) }
    bench.run(for: 10_000)
    #expect(bench.events.map(\.kind) == [.partSeen])
    #expect(bench.events.map(\.time) == [edge])
  }

  @Test func `a sensor that never comes to rest is reported once, and again when it begins anew`() {
    var bench = Bench.armed()
    for round in 1...2 {
      for _ in 0..<2000 {
        bench.isPresent.toggle()
        bench.run(for: 300)
      }
      #expect(bench.faults == [GateFault](repeating: .sensorUnsteady, count: round))
      bench.run(for: 300_000)
    }
    #expect(bench.events.allSatisfy { $0.kind == .fault })
  }

  @Test func `a part that was seen to begin is not missed, though the board looked away until it was past`() {
    var bench = Bench.armed()
    let edge = bench.now
    bench.isPresent = true
    bench.controller.sense(partPresent: false, ticks: 0, at: edge + 3000)
    bench.isPresent = false
    bench.run(for: 10_000)
    #expect(bench.events.map(\.kind) == [.partSeen] && bench.events[0].time == edge)
  }

  @Test func `a blocked sensor is reported once`() {
    var configuration = Bench.configuration
    configuration.blockedAfter = 300_000
    var bench = Bench.armed(configuration)
    bench.isPresent = true
    bench.run(for: 2_000_000)
    #expect(bench.faults == [.sensorBlocked])
  }

  @Test(arguments: [false, true]) func `a sensor that sticks or chatters holds the gate safe, and until what it hid is past`(isChattering: Bool) {
    var bench = Bench.armed()
    let began = bench.now
    if isChattering {
      for _ in 0..<2000 { bench.isPresent.toggle(); bench.run(for: 300) }
    } else {
      bench.isPresent = true
      bench.run(for: 4_000_000)
    }
    #expect(bench.state == .held && bench.movements.last?.isDriven == false)
    // From the fault on, not from when somebody looked.
    let patience = isChattering ? 200_001 : Bench.configuration.blockedAfter + 1
    #expect(bench.faults.count == 1 && bench.events.last { $0.kind == .fault }?.time == began + UInt64(patience))
    bench.isPresent = false
    let end = bench.now
    bench.run(for: Bench.travel)
    #expect(bench.movements.last?.isDriven == false)
    bench.run(for: 200_000)
    #expect(bench.movements.last?.isDriven == true && (bench.movements.last?.time ?? 0) >= end - 300 + Bench.travel + Bench.pulse)
  }

  @Test func `parts that come and go while the encoder stands are given up, and the gate is safe until it has gone on`() {
    var configuration = Bench.configuration
    (configuration.unit, configuration.travel) = (.encoderTicks, 100)
    var bench = Bench.armed(configuration)
    bench.isPresent = true
    bench.run(for: 10_000)
    bench.order(1, .pass)
    bench.isPresent = false
    bench.run(for: 10_000)
    #expect(bench.faults == [.encoderStill] && bench.state == .held)
    #expect(bench.reached.map(\.order) == [1001] && bench.reached.map(\.cause) == [.held])
    bench.passPart()
    bench.run(for: 3_000_000)
    #expect(bench.faults == [.encoderStill] && bench.reached.count == 2 && bench.movements.last?.isDriven == false)
    for _ in 0..<99 { bench.ticks += 1; bench.run(for: 1000) }
    #expect(bench.state == .held)
    bench.ticks += 1
    bench.run(for: Bench.pulse + 1000)
    #expect(bench.state == .armed && bench.movements.last?.isDriven == true)
  }

  @Test func `a part to which the controller comes too late is told as missed, with where the gate really stood`() {
    var bench = Bench.armed()
    let edge = bench.now
    for _ in 0..<3 { bench.passPart(); bench.run(for: 39_000) }
    for (part, verdict) in [(UInt32(1), GatePosition.reject), (2, .reject), (3, .pass)] { bench.order(part, verdict) }
    // A quarter of the pulse late: still a reject.
    bench.stall(until: edge + Bench.travel + Bench.pulse / 4)
    bench.run(until: edge + Bench.travel + 65_000)
    // The second was due 60 ms behind the first, while the gate passed; the third 120 ms behind it.
    #expect(bench.reached.map(\.cause) == [.ordered, .ordered])
    bench.run(until: edge + Bench.travel + 118_000)
    bench.stall(until: edge + Bench.travel + 140_000)
    #expect(bench.reached.map(\.cause) == [.ordered, .ordered, .ordered])
    bench.passPart()
    bench.order(4, .reject)
    let last = bench.now - 21_000
    bench.run(for: 100_000)
    bench.stall(until: last + Bench.travel + Bench.pulse / 4 + 1)
    #expect(bench.reached.last?.cause == .missed && bench.reached.last?.position == .pass && bench.reached.last?.order == 1004)
    // It moves all the same.
    #expect(bench.movements.last?.isDriven == false)
  }

  @Test func `with an encoder, a part that is at the gate before its edge has proved itself is a fault`() {
    var configuration = Bench.configuration
    (configuration.unit, configuration.travel) = (.encoderTicks, 100)
    var bench = Bench.armed(configuration)
    bench.isPresent = true
    bench.ticks += 200
    bench.run(for: 10_000)
    #expect(bench.faults == [.travelTooShort])
    #expect(bench.reached.map(\.cause) == [.missed] && bench.reached[0].position == .pass)
  }

  @Test func `noise before an edge doesn't move it: the part is given up, and the gate safe from the noise's part to the edge's`() {
    var bench = Bench.armed()
    for _ in 0..<10 { bench.isPresent.toggle(); bench.run(for: 400) }
    bench.isPresent = true
    let latest = bench.now
    bench.run(for: 10_000)
    #expect(bench.faults == [.edgeUncertain] && bench.reached.map(\.cause) == [.held] && bench.state == .held)
    bench.order(1, .pass)
    #expect(bench.replies.map(\.refusal) == [.late])
    bench.isPresent = false
    bench.run(for: 400_000)
    #expect(bench.movements.last?.isDriven == true && bench.movements.last?.time == latest + Bench.travel + Bench.pulse)
  }

  @Test func `lost bytes are reported once a second at most`() {
    var bench = Bench.armed()
    for _ in 0..<50 { bench.controller.noteReceiveOverrun(); bench.run(for: 50_000) }
    #expect(bench.faults == [.receiveOverrun, .receiveOverrun, .receiveOverrun])
  }

  @Test func `with an encoder parts are where the belt has taken them, however fast it runs`() {
    var configuration = Bench.configuration
    (configuration.unit, configuration.travel) = (.encoderTicks, 100)
    var bench = Bench.armed(configuration)
    bench.ticks = 140
    bench.isPresent = true
    bench.run(for: 1000)
    bench.ticks = 141
    bench.isPresent = false
    bench.run(for: 1000)
    bench.order(1, .reject)
    #expect(bench.replies.map(\.position) == [240])
    // The belt stands for three seconds.
    bench.run(for: 3_000_000)
    #expect(bench.reached.isEmpty)
    for _ in 0..<98 { bench.ticks += 1; bench.run(for: 700) }
    #expect(bench.reached.isEmpty)
    bench.ticks += 1
    bench.run(for: 1)
    #expect(bench.reached.map(\.ticks) == [240] && bench.reached[0].position == .reject)
  }

  @Test func `more parts than can be followed hold the gate safe until they are past, each reported`() {
    var configuration = Bench.configuration
    configuration.travel = 10_000_000
    configuration.safePosition = .pass
    var bench = Bench.armed(configuration)
    for _ in 0..<70 { bench.passPart(); bench.run(for: 2000) }
    #expect(bench.faults == [GateFault](repeating: .tooManyParts, count: 6))
    #expect(bench.reached.map(\.part) == [65, 66, 67, 68, 69, 70])
    #expect(bench.state == .held)
    bench.order(3, .reject)
    bench.run(for: 12_000_000)
    #expect(bench.reached.count == 70)
    #expect(bench.reached.allSatisfy { $0.cause == .held && $0.position == .pass })
    #expect(bench.movements.isEmpty)
    #expect(bench.state == .armed)
  }
}

@Suite struct MomentTests {
  @Test func `ordered moments are kept in their sequence and rejected at theirs`() {
    var bench = Bench.armed()
    let start = bench.now
    for (number, after) in [(UInt32(1), UInt64(500_000)), (2, 100_000), (3, 300_000)] {
      bench.say(.momentOrder(MomentOrder(order: number, moment: start + after)))
    }
    bench.run(for: 700_000)
    #expect(bench.replies.map(\.refusal) == [nil, nil, nil])
    #expect(bench.reached.map(\.order) == [2, 3, 1])
    #expect(bench.reached.map(\.time) == [100_000, 300_000, 500_000].map { start + $0 })
    #expect(bench.movements.count == 7)
  }

  @Test func `moments are refused for distinct reasons`() {
    var bench = Bench.armed()
    let start = bench.now
    bench.say(.momentOrder(MomentOrder(order: 1, moment: start - 300)))
    bench.say(.momentOrder(MomentOrder(order: 2, moment: start + 1_800_000_001)))
    #expect(bench.replies == [OrderReply(order: 1, refusal: .late, position: 300), OrderReply(order: 2, refusal: .implausible, position: 0)])
    bench.forget()
    for number in UInt32(3)..<36 { bench.say(.momentOrder(MomentOrder(order: number, moment: start + 1_000_000))) }
    #expect(bench.replies.map(\.refusal) == [OrderRefusal?](repeating: nil, count: 32) + [.queueFull])
    bench.forget()
    bench.say(.momentOrder(MomentOrder(order: 3, moment: start + 1_000_000)))
    bench.say(.momentOrder(MomentOrder(order: 3, moment: start + 2_000_000)))
    #expect(bench.replies.map(\.refusal) == [nil, .duplicate])
  }
}
