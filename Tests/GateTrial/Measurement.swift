import GateClient
import GateProtocol
import Pipelines
import SimulatedGate

/// How long rejects take: parts pass the sensor, the client orders, and every step's moment is kept.
struct Measurement {
  let line: String
  let plant: Plant
  let parts: Int
  /// Between two parts.
  let pause: Duration
  /// Every so many orders one is held back until its part has passed.
  static let lateEach = 100
  /// Of the gate, microseconds.
  static let pulse: UInt32 = 1000

  /// Moments of one part, in this machine's clock.
  private struct Part {
    var frame: MonotonicInstant
    var ordered: MonotonicInstant?
    var acknowledged: MonotonicInstant?
    var due: UInt64?
    var execution: GateExecution?
    var ending: OrderEnding?
    var isHeldBack = false
  }

  func run() throws(GateClientError) -> Bool {
    var configuration = GateConfiguration(travel: 150_000)
    (configuration.pulse, configuration.debounce, configuration.silence) = (Self.pulse, 200, 2_000_000)
    let ledger = Ledger()
    var settings = GateSettings(device: line, configuration: configuration)
    settings.queueCapacity = 256
    let client = try GateClient(settings) { ledger.take($0) }
    guard ledger.waitUntilArmed() else { print("error no controller"); return false }
    // What its last life left is no part of this.
    let start = ledger.count
    var log: [Part] = []
    var numbers: [OrderNumber: Int] = [:]
    var heldBack: [(part: UInt32, index: Int, from: MonotonicInstant)] = []
    var (position, firstNumber): (Int, UInt32?) = (start, nil)
    var next = MonotonicClock.now()

    func order(_ number: UInt32, _ index: Int) {
      let now = MonotonicClock.now()
      log[index].ordered = now
      if let order = client.order(part: number, .reject, deadline: now.advanced(by: .seconds(5))) { numbers[order] = index }
    }
    func note(_ at: MonotonicInstant, _ report: GateReport) {
      switch report {
      case .part(let part):
        let first = firstNumber ?? part.number
        firstNumber = first
        let index = Int(part.number &- first)
        guard index < log.count else { return }
        if index % Self.lateEach == Self.lateEach - 1 {
          log[index].isHeldBack = true
          heldBack.append((part.number, index, at.advanced(by: .milliseconds(250))))
        } else {
          order(part.number, index)
        }
      case .accepted(let number, let due): if let index = numbers[number] { (log[index].acknowledged, log[index].due) = (at, due) }
      case .ended(let number, let ending):
        guard let index = numbers[number] else { return }
        log[index].ending = ending
        if case .acknowledged(let execution) = ending { log[index].execution = execution }
      case .state, .unjudged, .belated, .fault, .missedEvents, .restarted: break
      }
    }
    func listen(until deadline: MonotonicInstant) {
      while MonotonicClock.now() < deadline {
        let step = min(deadline, heldBack.first?.from ?? deadline)
        _ = ledger.wait(max(.zero, MonotonicClock.now().duration(to: step)), from: position) { _ in true }
        let reports = ledger.reports(from: position)
        position += reports.count
        for one in reports { note(one.at, one.report) }
        while let first = heldBack.first, first.from <= MonotonicClock.now() {
          heldBack.removeFirst()
          order(first.part, first.index)
        }
      }
    }
    for _ in 0..<parts {
      listen(until: next)
      log.append(Part(frame: MonotonicClock.now()))
      plant.tell("P")
      listen(until: next.advanced(by: pause / 2))
      plant.tell("p")
      next = max(next.advanced(by: pause), MonotonicClock.now())
    }
    let end = MonotonicClock.now().advanced(by: .seconds(10))
    while MonotonicClock.now() < end, log.contains(where: { $0.ending == nil }) { listen(until: MonotonicClock.now().advanced(by: .milliseconds(50))) }
    let counters = client.counters
    client.stop()
    client.join()
    return show(log, counters)
  }

  private func show(_ log: [Part], _ counters: GateCounters) -> Bool {
    let judged = log.filter { !$0.isHeldBack }
    show("order to acknowledgement", judged.compactMap { part in part.acknowledged.flatMap { at in part.ordered.map { $0.duration(to: at) } } })
    show("frame to acknowledgement", judged.compactMap { part in part.acknowledged.map { part.frame.duration(to: $0) } })
    show("due to gate", judged.compactMap { part in part.execution.flatMap { done in part.due.map { .microseconds(Int64(done.time) - Int64($0)) } } })
    let late = log.count { $0.ending == .late }
    let heldBack = log.count(where: \.isHeldBack)
    let acknowledged = log.count { $0.execution != nil }
    print("parts \(log.count)\nordered \(log.count { $0.ordered != nil })\nheld_back \(heldBack)\nacknowledged \(acknowledged)\nlate \(late)")
    print("late_unheld \(log.count { $0.ending == .late && !$0.isHeldBack })")
    print("refused \(counters.refused)\nlink_lost \(counters.linkLost)\nsilent \(log.count { $0.ending == nil })\nunjudged \(counters.unjudged)")
    // Beyond a quarter of the pulse, by the controller's own clock: such a reject may have hit another part. It has been told as one.
    let missed = log.count { $0.execution?.cause == .missed }
    print("missed \(missed)\noverridden \(counters.overridden)\ndamaged_frames \(counters.damagedFrames)\nlost_frames \(counters.lostFrames)")
    return log.allSatisfy { $0.ending != nil } && acknowledged + late == log.count
  }

  private func show(_ name: String, _ durations: [Duration]) {
    let sorted = durations.map { Double($0.wholeNanoseconds) / 1000 }.sorted()
    guard let last = sorted.last else { return }
    let key = name.split(separator: " ").joined(separator: "_")
    print("\(key)_p50 \(sorted[sorted.count / 2])\n\(key)_p99 \(sorted[sorted.count * 99 / 100])\n\(key)_max \(last)")
  }
}
