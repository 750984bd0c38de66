import GateController
import GateProtocol

/// A controller on a bench, in a time of its own: what the agent says goes in as frames, what the controller says comes out as messages.
struct Bench: ~Copyable {
  var controller = GateController(firmware: 0x01_0000, bootCause: .power)
  private(set) var now: UInt64 = 0
  private(set) var outputs = GateOutputs()
  /// Moments at which the gate's power changed.
  private(set) var movements: [(time: UInt64, isDriven: Bool)] = []
  private(set) var lampChanges: [UInt64] = []
  private(set) var said: [GateFrame] = []
  var isPresent = false { didSet { settle() } }
  var ticks: UInt64 = 0
  var session: UInt32 = 0
  var sequence: UInt32 = 100
  /// Parts are told from 1 here, wherever the controller began.
  var base: UInt32 = 0
  /// Whether a heartbeat goes every 50 ms.
  var isAlive = true
  private var nextBeat: UInt64 = 0
  private var reader = FrameReader()

  static let travel: UInt64 = 200_000, pulse: UInt64 = 50_000

  static var configuration: GateConfiguration {
    var configuration = GateConfiguration(travel: UInt32(travel))
    configuration.pulse = UInt32(pulse)
    configuration.debounce = 500
    return configuration
  }

  /// A bench whose controller is armed, and whose belt was watched for so long that nothing unseen is on it.
  static func armed(_ configuration: GateConfiguration = Bench.configuration) -> Bench {
    var bench = Bench()
    bench.run(for: 10_000)
    bench.hello(nonce: 1)
    bench.say(.configure(configuration))
    if configuration.unit == .encoderTicks { bench.ticks = UInt64(configuration.travel) }
    bench.run(for: (configuration.unit == .microseconds ? UInt64(configuration.travel) : 0) + UInt64(configuration.pulse) + 10_000)
    bench.forget()
    bench.lampChanges = []
    return bench
  }

  mutating func hello(nonce: UInt32) {
    session = 0
    say(.hello(Hello(nonce: nonce)))
    for case .welcome(let welcome) in said.map(\.message) { (session, base) = (welcome.session, welcome.boot &- 1) }
  }

  mutating func say(_ message: GateMessage) {
    sequence &+= 1
    sayRaw(GateFrame(session: session, sequence: sequence, message: message))
  }

  mutating func sayRaw(_ frame: GateFrame) {
    let wire = frame.onTheWire
    for index in 0..<wire.count { controller.receive(wire[index], at: now) }
    settle()
  }

  mutating func hear(_ bytes: [UInt8]) {
    for byte in bytes { controller.receive(byte, at: now) }
    settle()
  }

  mutating func order(_ part: UInt32, _ verdict: GatePosition, number: UInt32? = nil) {
    say(.partOrder(PartOrder(order: number ?? part + 1000, part: part == 0 ? 0 : part &+ base, verdict: verdict)))
  }

  mutating func run(for time: UInt64) { run(until: now + time) }

  /// From wake to wake, as the firmware does.
  mutating func run(until end: UInt64) {
    while now < end {
      var next = min(end, max(controller.wakesAt, now + 1))
      if isAlive, session != 0 { next = min(next, max(nextBeat, now + 1)) }
      now = next
      if isAlive, session != 0, now >= nextBeat {
        nextBeat = now + 50_000
        say(.agentHeartbeat(AgentHeartbeat(nextEvent: 0, wantsEvents: false)))
      }
      settle()
    }
  }

  /// The board's loop doesn't turn until then.
  mutating func stall(until end: UInt64) {
    now = end
    settle()
  }

  /// A part of 20 ms of length passes the sensor.
  mutating func passPart() {
    isPresent = true
    run(for: 20_000)
    isPresent = false
    run(for: 1000)
  }

  mutating func forget() { said = [] }

  var events: [GateEvent] {
    said.compactMap {
      guard case .event(var event) = $0.message else { return nil }
      if event.part != 0 { event.part &-= base }
      return event
    }
  }
  var reached: [GateEvent] { events.filter { $0.kind == .reached } }
  var faults: [GateFault] { events.compactMap(\.fault) }
  var replies: [OrderReply] { said.compactMap { if case .orderReply(let reply) = $0.message { reply } else { nil } } }
  /// As the last heartbeat has them.
  var counters: ControllerCounters {
    for case .controllerHeartbeat(let beat) in said.map(\.message).reversed() { return beat.counters }
    return ControllerCounters()
  }
  var state: ControllerState { outputs.state }

  mutating func settle() {
    controller.sense(partPresent: isPresent, ticks: ticks, at: now)
    let new = controller.advance(to: now)
    if new.isDriven != outputs.isDriven { movements.append((now, new.isDriven)) }
    if new.isLit != outputs.isLit { lampChanges.append(now) }
    outputs = new
    while let byte = controller.outgoingByte {
      controller.removeOutgoingByte()
      if case .frame(let frame) = reader.receive(byte) { said.append(frame) }
    }
  }
}
