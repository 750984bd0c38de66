import GateClient
import GateProtocol
import Pipelines
import SimulatedGate

/// Goes through what a controller must do, with the real client; what it doesn't is printed.
struct Trial {
  let line: String
  let plant: Plant
  /// Whether the board has a watchdog to try.
  let hasWatchdog: Bool
  private var failures = 0

  init(line: String, plant: Plant, hasWatchdog: Bool) { (self.line, self.plant, self.hasWatchdog) = (line, plant, hasWatchdog) }

  static var configuration: GateConfiguration {
    var configuration = GateConfiguration(travel: 600_000)
    (configuration.pulse, configuration.debounce, configuration.silence) = (20_000, 2000, 1_000_000)
    return configuration
  }

  /// - Returns: whether all is well.
  mutating func run() throws(GateClientError) -> Bool {
    try judgeParts()
    try followAnEncoder()
    if hasWatchdog { try surviveAWedge() }
    print(failures == 0 ? "gate-trial: all is well" : "gate-trial: \(failures) failures")
    return failures == 0
  }

  private mutating func check(_ isTrue: Bool, _ what: String) {
    print("  \(isTrue ? "ok" : "FAILED") \(what)")
    if !isTrue { failures += 1 }
  }

  private func client(_ configuration: GateConfiguration, _ ledger: Ledger) throws(GateClientError) -> GateClient {
    var settings = GateSettings(device: line, configuration: configuration)
    // On a machine that is busy otherwise exchanges take long.
    settings.greatestUncertainty = .milliseconds(200)
    return try GateClient(settings) { ledger.take($0) }
  }

  /// A part that stays before the sensor longer than debouncing takes.
  private func passPart(_ ledger: Ledger) -> PartSighting? {
    let start = ledger.count
    plant.tell("P")
    var sighting: PartSighting?
    _ = ledger.wait(from: start) { if case .part(let part) = $0 { sighting = part; return true } else { return false } }
    // What moves past the sensor moves the encoder.
    plant.tell("E")
    plant.tell("p")
    // Closer behind each other they would be one.
    plant.pass(.milliseconds(8))
    return sighting
  }

  private mutating func judgeParts() throws(GateClientError) {
    let ledger = Ledger()
    let client = try client(Self.configuration, ledger)
    check(ledger.waitUntilArmed(), "client and controller meet")
    check(plant.wait { $0.movements.last?.isDriven == true }, "the armed gate lets parts pass")
    let movements = plant.now.movements.count
    var ended: [OrderNumber: GatePosition] = [:]
    for index in 0..<8 {
      guard let part = passPart(ledger) else { return check(false, "part \(index) is seen") }
      let verdict: GatePosition = index.isMultiple(of: 2) ? .reject : .pass
      if let number = client.order(part: part.number, verdict, deadline: MonotonicClock.now().advanced(by: .milliseconds(600))) { ended[number] = verdict }
    }
    var agree = 0
    for (number, verdict) in ended {
      _ = ledger.wait { report in
        guard case .ended(number, .acknowledged(let execution)) = report else { return false }
        if execution.position == verdict || execution.cause == .overlap || execution.cause == .missed { agree += 1 }
        return true
      }
    }
    check(ended.count == 8 && agree == 8, "eight orders are carried out and acknowledged")
    check(plant.wait { $0.movements.count >= movements + 2 && $0.movements.last?.isDriven == true }, "rejects move the gate, and back")
    if let part = passPart(ledger) {
      check(ledger.wait { if case .unjudged(let one) = $0 { one.part == part.number } else { false } } != nil, "a part without an order is told")
      let number = client.order(part: part.number, .pass, deadline: MonotonicClock.now().advanced(by: .seconds(1)))
      check(ledger.wait { $0 == .ended(number ?? 0, .late) } != nil, "an order behind it ends as late")
    }
    let soon = MonotonicClock.now().advanced(by: .seconds(1))
    let isNear = { (one: (at: MonotonicInstant, isDriven: Bool)) in !one.isDriven && one.at > soon.advanced(by: .milliseconds(-300)) }
    let number = client.reject(at: soon, deadline: soon)
    check(ledger.wait { if case .ended(number ?? 0, .acknowledged) = $0 { true } else { false } } != nil, "a moment is rejected")
    if plant.wait(until: { $0.movements.contains(where: isNear) }), let movement = plant.now.movements.first(where: isNear) {
      let error = soon.duration(to: movement.at).wholeNanoseconds / 1000
      let uncertainty = (client.clockUncertainty ?? .zero).wholeNanoseconds / 1000
      check(error >= -uncertainty - 1000, "not before its moment (\(error) µs behind it, the clocks compared to \(uncertainty))")
    } else {
      check(false, "the gate moves at its moment")
    }
    let lamp = plant.now.lampChanges
    client.stop()
    client.join()
    check(plant.wait { $0.movements.last?.isDriven == false }, "without an agent the gate takes its safe position")
    check(plant.wait { $0.lampChanges > lamp + 1 }, "and the lamp blinks")
  }

  private mutating func followAnEncoder() throws(GateClientError) {
    var configuration = Self.configuration
    (configuration.unit, configuration.travel) = (.encoderTicks, 25)
    let ledger = Ledger()
    let client = try client(configuration, ledger)
    check(ledger.waitUntilArmed(), "it is configured for an encoder")
    guard let part = passPart(ledger) else { return check(false, "a part is seen") }
    let number = client.order(part: part.number, .reject, deadline: MonotonicClock.now().advanced(by: .seconds(1)))
    check(ledger.wait { $0 == .accepted(number ?? 0, position: part.ticks + 25) } != nil, "it is due in 25 ticks")
    for _ in 0..<24 { plant.tell("E") }
    var ticks: UInt64 = 0
    _ = ledger.wait { if case .ended(number ?? 0, .acknowledged(let execution)) = $0 { ticks = execution.ticks; return true } else { return false } }
    check(ticks == part.ticks + 25, "and is rejected at the tick")
    client.stop()
    client.join()
  }

  /// The board's loop stops: power off at the watchdog's first expiry, a reset at its second, and the client meets the new life by itself.
  private mutating func surviveAWedge() throws(GateClientError) {
    let ledger = Ledger()
    let client = try client(Self.configuration, ledger)
    check(ledger.waitUntilArmed() && plant.wait { $0.movements.last?.isDriven == true }, "it is armed before the wedge")
    let starts = plant.now.starts
    let position = ledger.count
    plant.tell("W")
    check(plant.wait(.seconds(10)) { $0.movements.last?.isDriven == false && $0.starts == starts }, "a wedged controller lets go of the gate")
    check(plant.wait(.seconds(10)) { $0.starts > starts }, "and is reset by its watchdog")
    check(ledger.wait(.seconds(10), from: position) { $0 == .restarted(.watchdog) } != nil, "which the client is told")
    check(ledger.waitUntilArmed(from: position), "and arms it again")
    client.stop()
    client.join()
  }
}
