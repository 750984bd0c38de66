@testable import EdgeAgent
@testable import GateClient
import GateProtocol
@testable import Inspection
import Outbox
import Pipelines
import TestBroker
import Testing

@Suite struct GateNoticeTests {
  private func lines(_ notices: [GateNotice]) -> [String] {
    let lines = Recorder<String>()
    let log = AgentLog(name: "a", showsPriority: false) { lines.append($0) }
    for notice in notices { notice.log("reject", "surface", log) }
    return lines.all
  }

  @Test func `what became of an order is told in words, with what to do`() {
    let late = GateExecution(part: 3, position: .pass, cause: .missed, time: 1, ticks: 0)
    let told = lines([
      .failed(part: 7, .reject, .acknowledged(late)), .failed(part: 8, .pass, .refused(.duplicate)), .unplaced(part: 9, .reject, .unknownMoment),
      .unplaced(part: 10, .reject, .noSuchPart, sensor: .unknown), .unjudged(GateExecution(part: 4, position: .reject, cause: .unjudged, time: 1, ticks: 0)),
      .fault(.sensorBlocked),
    ])
    #expect(
      told == [
        "a: warning: gate reject: part 7 should be rejected, but it was let pass: the controller came too late to it",
        "a: warning: gate reject: part 8 should pass, but its controller refused the order: it had another verdict on that part already",
        "a: warning: gate reject: part 9 should be rejected, but nobody knows when it was at the exit",
        "a: warning: gate reject: part 10 should be rejected, but no part of the gate's sensor is known to be this one: the gate isn't armed",
        "a: warning: gate reject: a part reached the gate without an order and was rejected: there was no verdict in time",
        "a: warning: gate reject: its sensor sees a part for longer than blocked_after: something lies there, parts touch, or it is broken",
      ])
  }

  @Test(arguments: [
    (
      GateNotice.SensorView.closest(early: .milliseconds(130), fitting: .milliseconds(380)),
      "130 ms earlier than fits; if it was that one, write camera_after: 380 ms"
    ),
    (.closest(early: .milliseconds(-300), fitting: .milliseconds(-50)), "300 ms later than fits; if it was that one, write camera_before: 50 ms"),
    (.closest(early: .seconds(20), fitting: nil), "20000 ms earlier than fits; look at the sensor, its cable"),
    (.several, "several passed it so near"), (.nothing, "the sensor has seen none"),
  ])
  func `a part that the sensor doesn't know is told with what the sensor saw`(view: GateNotice.SensorView, words: String) {
    let told = lines([.unplaced(part: 1, .pass, .noSuchPart, sensor: view)])
    #expect(told.count == 1 && told[0].contains(words), "\(told)")
    let message = GateEventMessage(.unplaced(part: 1, .pass, .noSuchPart, sensor: view), of: "reject")
    #expect(message.state == "no_such_part" && message.reason?.contains(words) == true)
  }

  @Test func `the log's last word on a gate is true after reloads`() {
    let told = lines([.link(.armed), .link(.away("stopped")), .link(.armed), .link(.away("stopped")), .link(.armed)])
    #expect(told.map { $0.hasSuffix("gate reject: armed") } == [true, false, true, false, true], "\(told)")
    #expect(told[1] == "a: warning: gate reject: stopped; parts get its safe position")
  }

  @Test func `only what a configuration takes is advised`() {
    var gate = NamedGate(name: "g", settings: GateSettings(device: "d", configuration: GateConfiguration(travel: 350_000)))
    #expect(gate.takes(offset: .milliseconds(349)) && gate.takes(offset: .seconds(-1800)))
    #expect(!gate.takes(offset: .milliseconds(350)) && !gate.takes(offset: .seconds(-1801)))
    gate.settings.configuration.unit = .encoderTicks
    #expect(gate.takes(offset: .zero) && !gate.takes(offset: .milliseconds(1)))
  }

  @Test func `every state of a link, every end and every fault has words of its own`() {
    let executions = [GateCause.ordered, .unjudged, .silence, .held, .overlap, .missed].map {
      GateExecution(part: 1, position: .reject, cause: $0, time: 1, ticks: 0)
    }
    var notices = executions.map { GateNotice.failed(part: 1, .pass, .acknowledged($0)) }
    notices += [OrderRefusal.late, .duplicate, .unknownPart, .queueFull, .implausible, .notArmed].map { .failed(part: 1, .pass, .refused($0)) }
    notices += [OrderEnding.late, .unsynchronised, .linkLost].map { .failed(part: 1, .pass, $0) }
    notices += [GateNotice.Obstacle.noSuchPart, .unknownMoment, .queueFull, .stopped].map { .unplaced(part: 1, .pass, $0) }
    notices += (1...10).compactMap(GateFault.init(rawValue:)).map { .fault($0) }
    #expect(notices.count(where: { if case .fault = $0 { true } else { false } }) == 10)
    notices += [GateLinkState.away("there is no device"), .meeting, .incompatible(2), .misconfigured(.travel)].map { .link($0) }
    notices += [.unjudged(executions[2]), .missedEvents(3), .restarted(byWatchdog: true), .restarted(byWatchdog: false), .untold(2), .belated(executions[0])]
    let explanations = notices.compactMap(\.explanation)
    #expect(explanations.count == notices.count && Set(explanations).count == notices.count)
    // Names of the source aren't words.
    for text in explanations { #expect(text.contains(" ") && !text.contains { $0.isUppercase }, "\(text)") }
  }
}
