@testable import GateClient
import GateProtocol
import Pipelines
import Testing

@Suite struct DialogueTests {
  static var configuration: GateConfiguration {
    var configuration = GateConfiguration(travel: 300_000)
    configuration.debounce = 500
    return configuration
  }

  static func armed(seed: UInt64 = 1) -> VirtualLine {
    var line = VirtualLine(configuration, seed: seed)
    line.open()
    // The gate of a new life is held until what it didn't see is past.
    line.run(for: 700_000)
    return line
  }

  @Test func `they meet, configure and compare clocks`() {
    let line = Self.armed()
    let states = line.reports.compactMap { if case .state(let state) = $0 { state } else { nil } }
    #expect(states == [.meeting, .armed])
    // That the controller has power is no news.
    #expect(!line.reports.contains { if case .restarted = $0 { true } else { false } })
    #expect(line.outputs.state == .armed)
    #expect(line.dialogue.clock.exchanges >= 5)
    #expect(line.dialogue.counters.sessions == 1)
  }

  @Test func `an order is accepted, then acknowledged with what the gate did and when`() throws {
    var line = Self.armed()
    line.passPart()
    line.run(for: 5000)
    let part = try #require(line.reports.compactMap { if case .part(let part) = $0 { part } else { nil } }.first)
    #expect(line.index(of: part.number) == 1)
    let at = try #require(part.at)
    #expect(VirtualLine.instant(line.now).duration(to: at).wholeNanoseconds.magnitude < 20_000_000)
    line.submit(part: 1, .reject, number: 50)
    line.run(for: 500_000)
    #expect(line.reports.contains(.accepted(50, position: part.time + 300_000)))
    let endings = line.endings
    #expect(endings.count == 1 && endings[50]?.count == 1)
    guard case .acknowledged(let execution) = endings[50]?.first else { Issue.record("not acknowledged"); return }
    #expect(execution.position == .reject && execution.cause == .ordered && line.index(of: execution.part) == 1)
    #expect(execution.time >= part.time + 300_000 && execution.time < part.time + 300_200)
    #expect(line.dialogue.counters.acknowledged == 1 && line.dialogue.counters.overridden == 0)
  }

  @Test func `a pass that a reject outweighed ends with what the gate did, and waits for nothing`() throws {
    var line = Self.armed()
    line.passPart()
    line.submit(part: 1, .pass, number: 50)
    line.run(for: 5000)
    line.submit(part: 1, .reject, number: 51)
    line.run(for: 500_000)
    for number in [50, 51] as [OrderNumber] {
      guard line.endings[number]?.count == 1, case .acknowledged(let execution) = line.endings[number]?.first else {
        Issue.record("\(line.endings)")
        return
      }
      #expect(execution.position == .reject)
    }
    #expect(line.dialogue.pending.isEmpty && line.dialogue.counters.acknowledged == 2 && line.dialogue.counters.overridden == 1)
  }

  @Test func `late, refused and unsynchronised orders end as such, and unjudged parts are told`() {
    var line = Self.armed()
    line.passPart()
    line.run(for: 400_000)
    line.submit(part: 1, .reject, number: 1)
    line.submit(part: 9, .reject, number: 2)
    line.submit(.tick(5), number: 3)
    line.submit(part: 10, .pass, number: 4, deadline: 0)
    line.submit(.moment(VirtualLine.instant(0)), number: 5)
    line.run(for: 20_000)
    #expect(line.endings == [1: [.late], 2: [.refused(.unknownPart)], 3: [.refused(.implausible)], 4: [.late], 5: [.late]])
    #expect(line.dialogue.counters.unjudged == 1)
    #expect(line.dialogue.counters.late == 3 && line.dialogue.counters.refused == 2)
  }

  @Test func `a moment is rejected at that moment, though the controller's clock began elsewhere and drifts`() {
    var line = VirtualLine(Self.configuration)
    (line.drift, line.controllerStart) = (120, 77_000_000)
    line.open()
    line.run(for: 40_000_000)
    let before = line.movements.count
    let moment = line.now + 3_000_000
    line.submit(.moment(VirtualLine.instant(moment)), number: 7)
    line.run(for: 3_200_000)
    guard line.movements.count > before else { Issue.record("nothing moved"); return }
    #expect(abs(Int64(line.movements[before]) - Int64(moment)) < 1000)
    #expect(abs(line.dialogue.clock.drift - 120) < 40)
  }

  @Test func `without a comparison of clocks no moment is ordered`() {
    var line = VirtualLine(Self.configuration)
    line.delay = 30_000
    line.open()
    line.run(for: 2_000_000)
    #expect(line.outputs.state == .armed)
    line.submit(.moment(VirtualLine.instant(line.now + 1_000_000)), number: 7)
    line.run(for: 1000)
    #expect(line.endings == [7: [.unsynchronised]])
  }

  @Test func `a broken line ends every order once, and the gate is safe`() {
    var line = Self.armed()
    line.passPart()
    line.submit(part: 1, .reject, number: 1)
    line.run(for: 10_000)
    line.isWhole = false
    line.submit(part: 1, .reject, number: 2)
    line.run(for: 2_000_000)
    line.submit(part: 1, .reject, number: 3)
    line.run(for: 1000)
    #expect(line.endings == [1: [.linkLost], 2: [.linkLost], 3: [.linkLost]])
    #expect(!line.outputs.isDriven && line.outputs.state == .silent)
    line.isWhole = true
    line.run(for: 1_000_000)
    #expect(line.outputs.state == .armed && line.dialogue.state == .armed && line.dialogue.counters.sessions == 2)
    #expect(line.endings.values.allSatisfy { $0.count == 1 })
  }

  @Test func `a controller that starts anew is met anew at once`() {
    var line = Self.armed()
    line.passPart()
    line.submit(part: 1, .reject, number: 1)
    line.run(for: 10_000)
    line.restartController()
    line.run(for: 800_000)
    #expect(line.endings == [1: [.linkLost]])
    #expect(line.reports.contains(.restarted(.watchdog)))
    #expect(line.outputs.state == .armed)
    #expect(line.dialogue.clock.controllerTime(at: line.instant).map { $0 < 1_000_000 + line.now } == true)
  }

  @Test func `events that were overwritten end the orders whose end may have been among them`() {
    var line = Self.armed()
    line.passPart()
    line.submit(part: 1, .pass, number: 1)
    line.run(for: 10_000)
    #expect(line.endings.isEmpty)
    // Nothing of the controller's is heard, but it hears the agent: so its log runs over.
    line.dialogue.expectedEvent &-= 200
    line.run(for: 200_000)
    #expect(line.endings == [1: [.linkLost]])
    #expect(line.dialogue.counters.missedEvents > 50)
  }

  @Test func `an order whose acceptance was lost ends, too, when its end can't be had any more`() {
    var line = Self.armed()
    line.passPart()
    line.submit(part: 1, .pass, number: 1)
    line.run(for: 10_000)
    let later = line.instant.advanced(by: .seconds(60))
    line.dialogue.pending[1]?.isAccepted = false
    line.dialogue.pending[1]?.sendAgainAt = later
    line.dialogue.expectedEvent &-= 200
    line.run(for: 200_000)
    #expect(line.endings == [1: [.linkLost]])
  }

  @Test func `what the gate did with an order that was given up is told`() {
    var line = Self.armed()
    line.passPart()
    line.submit(part: 1, .reject, number: 1)
    line.run(for: 10_000)
    line.dialogue.meet(at: line.instant)
    line.run(for: 600_000)
    #expect(line.endings == [1: [.linkLost]])
    let belated = line.reports.compactMap { if case .belated(let number, let execution) = $0 { (number, execution) } else { nil } }
    #expect(belated.map(\.0) == [1] && belated.map(\.1.position) == [.reject] && line.dialogue.counters.belated == 1)
  }

  @Test func `while the clocks aren't compared well enough parts have no time here, and each session compares anew`() {
    var line = VirtualLine(Self.configuration)
    line.delay = 30_000
    line.open()
    line.run(for: 1_000_000)
    line.passPart()
    line.run(for: 100_000)
    var times = line.reports.compactMap { if case .part(let part) = $0 { Optional(part.at) } else { nil } }
    #expect(times == [nil] && line.dialogue.clock.exchanges > 5)
    line.delay = 300
    line.dialogue.meet(at: line.instant)
    line.run(for: 10_000)
    #expect(line.dialogue.clock.exchanges < 3)
    line.run(for: 1_000_000)
    line.passPart()
    line.run(for: 10_000)
    times = line.reports.compactMap { if case .part(let part) = $0 { Optional(part.at) } else { nil } }
    #expect(times.count == 2 && times[1] != nil)
    let doubts = line.reports.compactMap { if case .part(let part) = $0 { Optional(part.uncertainty) } else { nil } }
    #expect(doubts[0] == nil && doubts[1].map { $0 > .zero && $0 < .milliseconds(5) } == true)
  }

  @Test func `the other version of a controller is told`() {
    var line = VirtualLine(Self.configuration)
    line.open()
    var bytes = FrameBytes()
    bytes.append(UInt8(9))
    for _ in 0..<12 { bytes.append(UInt8(1)) }
    var check = FrameCheck()
    for index in 0..<bytes.count { check.update(bytes[index]) }
    bytes.append(check.value)
    let wire = WireFrame(bytes)
    line.dialogue.receive((0..<wire.count).map { wire[$0] }[...], at: line.instant)
    #expect(line.dialogue.state == .incompatible(9))
  }

  /// One byte of 150 is damaged, each way: about every fifth frame is lost.
  @Test(arguments: 1...4 as ClosedRange<UInt64>) func `over a noisy line every order ends once, and no part is treated against its order`(seed: UInt64) {
    var line = Self.armed(seed: seed)
    line.damageEach = 150
    var random = SeededRandom(seed: seed)
    var wanted: [OrderNumber: GatePosition] = [:]
    var verdicts: [UInt32: GatePosition] = [:]
    for number in OrderNumber(1)...60 {
      line.passPart()
      line.run(for: 100_000)
      let part = number
      let verdict: GatePosition = random.below(2) == 0 ? .pass : .reject
      (wanted[number], verdicts[part]) = (verdict, verdict)
      line.submit(part: part, verdict, number: number)
    }
    line.damageEach = 0
    line.run(for: 2_000_000)
    let endings = line.endings
    #expect(endings.count == 60 && endings.values.allSatisfy { $0.count == 1 })
    var acknowledged = 0
    for (number, ending) in endings {
      guard case .acknowledged(let execution) = ending[0] else { continue }
      acknowledged += 1
      #expect(line.index(of: execution.part) == number)
      if execution.cause == .ordered { #expect(execution.position == wanted[number]) }
    }
    #expect(acknowledged > 20)
    #expect(line.dialogue.counters.damagedFrames > 10)
  }
}

@Suite struct RecentPartsTests {
  private static func instant(_ milliseconds: UInt64) -> MonotonicInstant { MonotonicInstant(nanoseconds: milliseconds * 1_000_000) }

  @Test func `a part is found by its time only where it can be no other`() {
    func find(_ moment: UInt64, _ tolerance: Int, _ uncertainty: Int = 1) -> UInt32? {
      var parts = RecentParts()
      for (number, at) in [(UInt32(1), UInt64(1000)), (2, 1100), (3, 1200)] {
        parts.append(PartSighting(number: number, at: Self.instant(at), uncertainty: .milliseconds(uncertainty), time: 0, ticks: 0))
      }
      parts.append(PartSighting(number: 4, at: nil, time: 0, ticks: 0))
      return parts.only(closestTo: Self.instant(moment), within: .milliseconds(tolerance))?.number
    }
    #expect(find(1105, 20) == 2)
    #expect(find(1130, 20) == nil)
    // Two within reach; and one within it, but the clocks may be wrong by more than the difference.
    #expect(find(1105, 96) == nil)
    #expect(find(1140, 50, 9) == 2)
    #expect(find(1140, 50, 10) == nil)
    var parts = RecentParts()
    for number in UInt32(1)...100 { parts.append(PartSighting(number: number, at: Self.instant(UInt64(number)), uncertainty: .zero, time: 0, ticks: 0)) }
    func number(at moment: UInt64) -> UInt32? { parts.only(closestTo: Self.instant(moment), within: .zero)?.number }
    #expect(number(at: 100) == 100 && number(at: 37) == 37 && number(at: 36) == nil)
    #expect(parts.closest(to: Self.instant(5000))?.number == 100 && parts.closest(to: Self.instant(0))?.number == 37)
    parts.removeAll()
    #expect(number(at: 100) == nil && parts.closest(to: Self.instant(100)) == nil)
    parts.append(PartSighting(number: 1, at: nil, time: 0, ticks: 0))
    #expect(parts.closest(to: Self.instant(100)) == nil)
  }
}

@Suite struct ClockEstimateTests {
  @Test func `the exchange with the least delay decides, and the error stays within its bound`() throws {
    var random = SeededRandom(seed: 5)
    var clock = ClockEstimate()
    let offset: Int64 = 5_000_000_000
    let drift: Int64 = -80
    func controller(_ host: UInt64) -> UInt64 { UInt64((Int64(host) + Int64(host) / 1_000_000 * drift + offset) / 1000) }
    for second in UInt64(1)...120 {
      let sent = second * 1_000_000_000
      let (out, back) = (UInt64(200_000 + random.below(random.below(4) == 0 ? 300_000 : 8_000_000)), UInt64(200_000 + random.below(5_000_000)))
      let arrived = controller(sent + out)
      clock.add(
        sentAt: MonotonicInstant(nanoseconds: sent), arrivedAt: arrived, repliedAt: arrived,
        receivedAt: MonotonicInstant(nanoseconds: sent + out + back))
      guard second > 3 else { continue }
      let moment = MonotonicInstant(nanoseconds: sent + 500_000_000)
      let error = Int64(try #require(clock.controllerTime(at: moment))) - Int64(controller(moment.nanoseconds))
      #expect(abs(error) * 1000 <= (try #require(clock.uncertainty(at: moment))).wholeNanoseconds)
    }
    #expect(abs(clock.drift - drift) < 60)
    let moment = MonotonicInstant(nanoseconds: 119_500_000_000)
    let back = try #require(clock.instant(of: controller(moment.nanoseconds)))
    #expect(moment.duration(to: back).wholeNanoseconds.magnitude < 3_000_000)
  }

  /// All of the delay on one way, changing sides, and quartzes that far apart.
  @Test(arguments: [-499, -30, 0, 120, 499] as [Int64]) func `the error stays within its bound whatever way the delays take`(drift: Int64) throws {
    var clock = ClockEstimate()
    func controller(_ host: UInt64) -> UInt64 { UInt64((Int64(host) + Int64(host) / 1_000_000 * drift + 5_000_000_000) / 1000) }
    for second in UInt64(1)...100 {
      let sent = second * 1_000_000_000
      let (out, back): (UInt64, UInt64) = second % 16 < 8 ? (4_000_000, 1000) : (1000, 4_000_000)
      let arrived = controller(sent + out)
      clock.add(
        sentAt: MonotonicInstant(nanoseconds: sent), arrivedAt: arrived, repliedAt: arrived,
        receivedAt: MonotonicInstant(nanoseconds: sent + out + back))
      for ahead in [UInt64(10_000_000), 900_000_000, 7_000_000_000] {
        let moment = MonotonicInstant(nanoseconds: sent + ahead)
        let bound = try #require(clock.uncertainty(at: moment)).wholeNanoseconds
        let error = Int64(try #require(clock.controllerTime(at: moment))) - Int64(controller(moment.nanoseconds))
        #expect(abs(error) * 1000 <= bound)
        let back = try #require(clock.instant(of: controller(moment.nanoseconds)))
        #expect(moment.duration(to: back).wholeNanoseconds.magnitude <= bound + 5000)
      }
    }
  }

  /// Before there is a drift that it would spoil, and behind it.
  @Test(arguments: [10, 40] as [UInt64]) func `a clock that jumps is known anew at once`(last: UInt64) throws {
    var clock = ClockEstimate()
    for second in UInt64(1)...60 {
      let sent = second * 1_000_000_000
      let jump: UInt64 = second > last ? 700_000 : 0
      let arrived = (sent + 500_000) / 1000 + jump
      clock.add(
        sentAt: MonotonicInstant(nanoseconds: sent), arrivedAt: arrived, repliedAt: arrived, receivedAt: MonotonicInstant(nanoseconds: sent + 1_000_000))
      let time = try #require(clock.controllerTime(at: MonotonicInstant(nanoseconds: sent)))
      #expect((Int64(time) - Int64(sent / 1000 + jump)).magnitude < 1000)
    }
  }

  @Test func `impossible exchanges are left out`() {
    var clock = ClockEstimate()
    let (early, late) = (MonotonicInstant(nanoseconds: 1_000_000_000), MonotonicInstant(nanoseconds: 1_001_000_000))
    clock.add(sentAt: late, arrivedAt: 5, repliedAt: 6, receivedAt: early)
    clock.add(sentAt: early, arrivedAt: 9, repliedAt: 6, receivedAt: late)
    clock.add(sentAt: early, arrivedAt: 0, repliedAt: 5_000_000, receivedAt: late)
    clock.add(sentAt: early, arrivedAt: .max, repliedAt: .max, receivedAt: late)
    #expect(clock.exchanges == 0 && clock.controllerTime(at: late) == nil && clock.uncertainty(at: late) == nil)
  }
}
