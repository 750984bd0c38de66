@testable import EdgeAgent
import GateClient
import GateProtocol
@testable import Inspection
import Pipelines
import SimulatedGate
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
    // A part that nobody judged, also where that is what was decided, is told by the gate. Meanwhile the clocks are compared.
    desk.judge(outcome(1, .unjudged, at: passSensor()))
    #expect(notices.wait { $0.contains { if case .unjudged(let execution) = $0 { execution.position == .reject } else { false } } })
    #expect(desk.counters == GateDesk.Counters())
    // Two verdicts on one part of the sensor: the second can't be carried out.
    let edge = passSensor()
    desk.judge(outcome(2, .pass, at: edge))
    desk.judge(outcome(3, .reject, at: edge))
    #expect(notices.wait { $0.contains(.failed(part: 3, .reject, .refused(.duplicate))) })
    desk.judge(outcome(4, .reject, at: nil))
    desk.judge(outcome(5, .pass, at: MonotonicClock.now().advanced(by: .seconds(-10))))
    #expect(notices.wait { $0.contains(.unplaced(part: 4, .reject, .unknownMoment)) && $0.contains(.unplaced(part: 5, .pass, .noSuchPart)) })
    #expect(desk.counters == GateDesk.Counters(passes: 1, rejects: 1, unplaced: 2, failed: 1))
    // More than can wait: their parts are yet to come.
    let later = MonotonicClock.now().advanced(by: .seconds(60))
    for number in 0...GateDesk.pendingLimit { desk.judge(outcome(UInt64(100 + number), .reject, at: later)) }
    #expect(notices.wait { $0.contains(.unplaced(part: UInt64(100 + GateDesk.pendingLimit), .reject, .queueFull)) })
    controller.stop()
    #expect(notices.wait { $0.contains { if case .link(.away) = $0 { true } else { false } } })
    #expect(ledger.stuckStages(at: MonotonicClock.now().advanced(by: .seconds(3600)), limit: .seconds(1)).isEmpty, "a gate that is away is no hang")
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

  @Test func `an order under way is told as lost with the link`() throws {
    let controller = try #require(SimulatedGate())
    let plant = try #require(Plant(controller.plant))
    var gate = NamedGate(name: "g", settings: GateSettings(device: controller.line, configuration: GateConfiguration(travel: 5_000_000)))
    gate.tolerance = .milliseconds(100)
    let notices = Recorder<GateNotice>()
    let desk = GateDesk(gate, pipeline: "p", ledger: ProgressLedger()) { notices.append($0) }
    try desk.start()
    #expect(notices.wait { $0.contains(.link(.armed)) })
    // The verdict comes first, and waits for its part. Once another for the same part was refused it is under way; that takes clocks that are compared.
    var ordered: UInt64?
    for number in 0..<10 as Range<UInt64> where ordered == nil {
      let moment = MonotonicClock.now()
      desk.judge(outcome(2 * number + 1, .reject, at: moment))
      plant.tell("P")
      plant.tell("p")
      desk.judge(outcome(2 * number + 2, .reject, at: moment))
      if notices.wait(limit: 1, until: { $0.contains(.failed(part: 2 * number + 2, .reject, .refused(.duplicate))) }) { ordered = 2 * number + 1 }
    }
    controller.stop()
    let lost = GateNotice.failed(part: try #require(ordered), .reject, .linkLost)
    #expect(notices.wait { $0.contains(lost) })
    #expect(desk.counters.rejects == 2 && desk.counters.failed == 2)
    desk.stop()
  }
}
