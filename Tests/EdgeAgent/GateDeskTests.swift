@testable import EdgeAgent
import GateClient
import GateProtocol
import Glibc
@testable import Inspection
import Pipelines
@testable import SimulatedGate
import Supervision
import TestBroker
import Testing

@Suite struct GateDeskTests {
  private func outcome(_ number: UInt64, _ verdict: PartOutcome.Verdict, at moment: MonotonicInstant?) -> PartOutcome {
    PartOutcome(number: number, verdict: verdict, moment: moment)
  }

  @Test func `what can't be ordered, or ends otherwise, is told and counted`() throws {
    let controller = try #require(SimulatedGate())
    let plant = try #require(Plant(controller.plant))
    var gate = NamedGate(name: "g", settings: GateSettings(device: controller.line, configuration: GateConfiguration(travel: 400_000)))
    gate.tolerance = .milliseconds(150)
    let notices = Recorder<GateNotice>()
    let ledger = ProgressLedger()
    let desk = GateDesk(gate, pipeline: "p", ledger: ledger) { notices.append($0) }
    try desk.start()
    func passSensor() -> MonotonicInstant {
      plant.tell("P")
      plant.tell("p")
      return MonotonicClock.now()
    }
    #expect(notices.wait { $0.contains(.link(.armed)) })
    #expect(!notices.all.contains(.link(.meeting)), "that is nothing to tell at every start")
    // A part that nobody judged is told by the gate. Meanwhile the clocks are compared.
    desk.judge(outcome(1, .unjudged, at: nil))
    _ = passSensor()
    #expect(notices.wait { $0.contains { if case .unjudged(let execution) = $0 { execution.position == .reject } else { false } } })
    #expect(desk.counters == GateDesk.Counters())
    // Two verdicts on one part of the sensor: a pass counts for nothing then.
    let edge = passSensor()
    desk.judge(outcome(2, .pass, at: edge))
    desk.judge(outcome(3, .reject, at: edge))
    #expect(notices.wait { $0.contains { if case .failed(part: 2, .pass, .acknowledged(let done)) = $0 { done.position == .reject } else { false } } })
    desk.judge(outcome(4, .reject, at: nil))
    desk.judge(outcome(5, .pass, at: MonotonicClock.now().advanced(by: .seconds(-10))))
    #expect(
      notices.wait {
        $0.contains(.unplaced(part: 4, .reject, .unknownMoment))
          && $0.contains {
            // Both parts passed after it.
            if case .unplaced(part: 5, .pass, .noSuchPart, .closest(let early, fitting: .some)) = $0 { early < .seconds(-5) } else { false }
          }
      })
    #expect(desk.counters == GateDesk.Counters(passes: 1, rejects: 1, unplaced: 2, failed: 1))
    // More than can wait: their parts are yet to come.
    let later = MonotonicClock.now().advanced(by: .seconds(60))
    for number in 0...GateDesk.pendingLimit { desk.judge(outcome(UInt64(100 + number), .reject, at: later)) }
    #expect(notices.wait { $0.contains(.unplaced(part: UInt64(100 + GateDesk.pendingLimit), .reject, .queueFull)) })
    controller.stop()
    #expect(notices.wait { $0.contains { if case .link(.away) = $0 { true } else { false } } })
    // What was told last may be on its way back still.
    let limit = MonotonicClock.now().advanced(by: .seconds(20))
    func stuck() -> [String] { ledger.stuckStages(at: MonotonicClock.now().advanced(by: .seconds(3600)), limit: .seconds(1)) }
    while !stuck().isEmpty, MonotonicClock.now() < limit { sched_yield() }
    #expect(stuck().isEmpty, "a gate that is away is no hang")
    desk.stop()
    #expect(ledger.stuckStages(at: MonotonicClock.now().advanced(by: .seconds(3600)), limit: .seconds(1)).isEmpty)
  }

  @Test func `a controller that doesn't answer is told once`() throws {
    let controller = try #require(SimulatedGate())
    // Somebody is there, who speaks another language.
    let gate = NamedGate(name: "g", settings: GateSettings(device: controller.plant, configuration: GateConfiguration(travel: 400_000)))
    let notices = Recorder<GateNotice>()
    let desk = GateDesk(gate, pipeline: "p", ledger: ProgressLedger()) { notices.append($0) }
    try desk.start()
    let limit = MonotonicClock.now().advanced(by: .seconds(20))
    let soon = { desk.sweep(at: MonotonicClock.now().advanced(by: GateDesk.meetingTime)) }
    while !notices.all.contains(.link(.meeting)), MonotonicClock.now() < limit { soon() }
    soon()
    controller.stop()
    desk.stop()
    #expect(notices.all.count { $0 == .link(.meeting) } == 1, "\(notices.all)")
  }

  @Test func `a controller of an older protocol is named, and a reject that it can't take is told as failed`() throws {
    let old = try #require(PseudoTerminal())
    // Header and check are the same in every version, the rest is its own.
    var bytes = FrameBytes()
    bytes.append(UInt8(0))
    for _ in 0..<12 { bytes.append(UInt8(1)) }
    var check = FrameCheck()
    for index in 0..<bytes.count { check.update(bytes[index]) }
    bytes.append(check.value)
    let answer = WireFrame(bytes)
    var gate = NamedGate(name: "g", settings: GateSettings(device: old.path, configuration: GateConfiguration(travel: 400_000)))
    gate.tolerance = .milliseconds(20)
    let notices = Recorder<GateNotice>()
    let desk = GateDesk(gate, pipeline: "p", ledger: ProgressLedger()) { notices.append($0) }
    try desk.start()
    defer { desk.stop() }
    let limit = MonotonicClock.now().advanced(by: .seconds(20))
    var greeting = [UInt8](repeating: 0, count: 64)
    while !notices.all.contains(.link(.incompatible(0))), MonotonicClock.now() < limit {
      guard old.read(into: &greeting) > 0 else { _ = sched_yield(); continue }
      for index in 0..<answer.count { _ = old.write(answer[index]) }
    }
    #expect(notices.wait { $0.contains(.link(.incompatible(0))) })
    desk.judge(outcome(1, .reject, at: MonotonicClock.now()))
    #expect(notices.wait { $0.contains { if case .failed(part: 1, .reject, _) = $0 { true } else { false } } })
    #expect(desk.counters == GateDesk.Counters(passes: 0, rejects: 1, unplaced: 0, failed: 1))
    #expect(desk.link.state == .incompatible(0))
  }

  @Test func `an order under way is told as lost with the link`() throws {
    let controller = try #require(SimulatedGate())
    let plant = try #require(Plant(controller.plant))
    var gate = NamedGate(name: "g", settings: GateSettings(device: controller.line, configuration: GateConfiguration(travel: 5_000_000)))
    gate.tolerance = .milliseconds(100)
    let notices = Recorder<GateNotice>()
    let desk = GateDesk(gate, pipeline: "p", ledger: ProgressLedger()) { notices.append($0) }
    try desk.start()
    #expect(notices.wait { $0.contains(.link(.armed)) })
    // The verdict comes first, and waits for its part. Once a pass for the same part was refused it is under way; that takes clocks that are compared.
    var ordered: UInt64?
    for number in 0..<10 as Range<UInt64> where ordered == nil {
      let moment = MonotonicClock.now()
      desk.judge(outcome(2 * number + 1, .reject, at: moment))
      plant.tell("P")
      plant.tell("p")
      desk.judge(outcome(2 * number + 2, .pass, at: moment))
      if notices.wait(limit: 1, until: { $0.contains(.failed(part: 2 * number + 2, .pass, .refused(.duplicate))) }) { ordered = 2 * number + 1 }
    }
    controller.stop()
    let lost = GateNotice.failed(part: try #require(ordered), .reject, .linkLost)
    #expect(notices.wait { $0.contains(lost) })
    desk.stop()
  }

  /// A desk with an armed controller whose clock is known.
  private func withDesk(
    tolerance: Duration = .milliseconds(150), travel: UInt32 = 2_000_000, unjudged: GatePosition = .reject,
    _ body: (GateDesk, TestBroker.Recorder<GateNotice>, Plant, _ passSensor: () -> MonotonicInstant) throws -> Void
  ) throws {
    let controller = try #require(SimulatedGate())
    let plant = try #require(Plant(controller.plant))
    var configuration = GateConfiguration(travel: travel)
    configuration.unjudged = unjudged
    var gate = NamedGate(name: "g", settings: GateSettings(device: controller.line, configuration: configuration))
    gate.tolerance = tolerance
    let notices = Recorder<GateNotice>()
    let desk = GateDesk(gate, pipeline: "p", ledger: ProgressLedger()) { notices.append($0) }
    try desk.start()
    defer {
      desk.stop()
      controller.stop()
    }
    #expect(notices.wait { $0.contains(.link(.armed)) })
    let limit = MonotonicClock.now().advanced(by: .seconds(20))
    while MonotonicClock.now() < limit, !isClockKnown(desk) { sched_yield() }
    try body(desk, notices, plant) {
      let moment = MonotonicClock.now()
      for change in ["P", "p"] as [Character] {
        plant.tell(change)
        plant.pass(.milliseconds(4))
      }
      return moment
    }
  }

  private func isClockKnown(_ desk: GateDesk) -> Bool {
    desk.mutex.withLock { desk.client }?.clockUncertainty.map { $0 < .milliseconds(4) } ?? false
  }

  @Test func `what couldn't be judged outweighs a pass for the same part`() throws {
    try withDesk(travel: 700_000) { desk, notices, _, passSensor in
      let edge = passSensor()
      desk.judge(outcome(1, .pass, at: edge))
      desk.judge(outcome(2, .unjudged, at: edge))
      #expect(notices.wait { $0.contains { if case .failed(part: 1, .pass, .acknowledged(let done)) = $0 { done.position == .reject } else { false } } })
      #expect(desk.counters == GateDesk.Counters(passes: 1, rejects: 1, unplaced: 0, failed: 1))
    }
    try withDesk(travel: 700_000, unjudged: .pass) { desk, _, _, passSensor in
      desk.judge(outcome(2, .unjudged, at: passSensor()))
      #expect(desk.counters == GateDesk.Counters())
    }
  }

  @Test func `a reject without an edge is ordered by moment, and verdicts that wait at the end are told`() throws {
    try withDesk(tolerance: .milliseconds(20), travel: 600_000) { desk, notices, plant, _ in
      // Held safe at first, until what it didn't see is past.
      #expect(plant.wait(.seconds(20)) { $0.movements.last?.isDriven == true })
      let before = plant.now.movements.count { !$0.isDriven }
      desk.judge(outcome(1, .reject, at: MonotonicClock.now()))
      #expect(plant.wait(.seconds(20)) { $0.movements.count { !$0.isDriven } == before + 1 })
      #expect(desk.counters == GateDesk.Counters(passes: 0, rejects: 1, unplaced: 0, failed: 0), "\(notices.all)")
      let later = MonotonicClock.now().advanced(by: .seconds(60))
      desk.judge(outcome(2, .reject, at: later))
      desk.judge(outcome(3, .pass, at: later))
      desk.stop()
      let told = notices.all
      #expect(told.contains(.unplaced(part: 2, .reject, .stopped)) && told.contains(.unplaced(part: 3, .pass, .stopped)))
    }
  }

  @Test func `a reject that may mean either of two parts rejects both`() throws {
    try withDesk { desk, _, _, passSensor in
      var known: [PartSighting] = []
      let edge = passSensor()
      _ = passSensor()
      let client = try #require(desk.mutex.withLock { desk.client })
      let limit = MonotonicClock.now().advanced(by: .seconds(20))
      while MonotonicClock.now() < limit, known.count < 2 { client.parts(near: edge, within: .milliseconds(150), into: &known) }
      #expect(client.part(closestTo: edge, within: .milliseconds(150)) == nil)
      desk.judge(outcome(1, .reject, at: edge))
      while MonotonicClock.now() < limit, client.counters.acknowledged < 2 { sched_yield() }
      #expect(client.counters.acknowledged == 2 && client.counters.overridden == 0)
      #expect(desk.counters == GateDesk.Counters(passes: 0, rejects: 1, unplaced: 0, failed: 0))
    }
  }
}
