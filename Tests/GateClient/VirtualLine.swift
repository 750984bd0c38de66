@testable import GateClient
import GateController
import GateProtocol
import Pipelines

/// The client's dialogue and a controller in one virtual time, with a line between them that takes time and may damage what it carries.
struct VirtualLine: ~Copyable {
  var dialogue: GateDialogue
  var controller = GateController(firmware: 0x01_0000, bootCause: .power)
  /// Microseconds since the start, by the host's clock. The controller's runs beside it.
  private(set) var now: UInt64 = 0
  private(set) var reports: [GateReport] = []
  private(set) var outputs = GateOutputs()
  private(set) var movements: [UInt64] = []
  var isPresent = false
  /// Parts per million by which the controller's clock is faster, and what it showed at the start.
  var drift: Int64 = 0
  var controllerStart: UInt64 = 0
  /// Bytes the line damages: one of so many, 0 none. Each way.
  var damageEach = 0
  /// Whether anything gets through.
  var isWhole = true
  private var random: SeededRandom
  private var toController: [(at: UInt64, byte: UInt8)] = []
  private var toAgent: [(at: UInt64, byte: UInt8)] = []

  /// Microseconds on the way.
  var delay: UInt64 = 300

  init(_ configuration: GateConfiguration, seed: UInt64 = 1) {
    dialogue = GateDialogue(configuration: configuration, greatestUncertainty: .milliseconds(5), seed: seed)
    random = SeededRandom(seed: seed)
  }

  var instant: MonotonicInstant { Self.instant(now) }
  static func instant(_ microseconds: UInt64) -> MonotonicInstant { MonotonicInstant(nanoseconds: 1_000_000_000_000 + microseconds * 1000) }
  var controllerTime: UInt64 { controllerStart + now + UInt64(Int64(now) * drift / 1_000_000) }

  mutating func open() { dialogue.lineOpened(at: instant) }

  /// Parts are told from 1 here, wherever the controller began.
  func index(of part: UInt32) -> UInt32 { part &- (dialogue.boot ?? 0) &+ 1 }

  mutating func submit(part: UInt32, _ verdict: GatePosition, number: OrderNumber, deadline: UInt64 = .max / 2000) {
    submit(.part(part &- 1 &+ (dialogue.boot ?? 0), verdict), number: number, deadline: deadline)
  }

  mutating func submit(_ target: GateOrder.Target, number: OrderNumber, deadline: UInt64 = .max / 2000) {
    dialogue.submit(GateOrder(number: number, target: target, deadline: Self.instant(deadline)), at: instant)
  }

  /// Another life of the controller.
  mutating func restartController() {
    controller = GateController(firmware: 0x01_0000, bootCause: .watchdog)
    controllerStart = 0
  }

  mutating func run(for time: UInt64) {
    let end = now + time
    while now < end {
      now += 100
      deliver()
      dialogue.advance(to: instant)
      controller.sense(partPresent: isPresent, ticks: 0, at: controllerTime)
      let new = controller.advance(to: controllerTime)
      if new.isDriven != outputs.isDriven { movements.append(now) }
      outputs = new
      collect()
    }
  }

  mutating func passPart() {
    isPresent = true
    run(for: 10_000)
    isPresent = false
    run(for: 2000)
  }

  var endings: [OrderNumber: [OrderEnding]] {
    var endings: [OrderNumber: [OrderEnding]] = [:]
    for case .ended(let number, let ending) in reports { endings[number, default: []].append(ending) }
    return endings
  }

  private mutating func collect() {
    for byte in dialogue.outgoing { toController.append((now + delay, byte)) }
    dialogue.outgoing.removeAll()
    while let byte = controller.outgoingByte {
      controller.removeOutgoingByte()
      toAgent.append((now + delay, byte))
    }
    reports += dialogue.reports
    dialogue.reports.removeAll()
  }

  private mutating func deliver() {
    let forController = toController.prefix { $0.at <= now }
    toController.removeFirst(forController.count)
    let forAgent = toAgent.prefix { $0.at <= now }
    toAgent.removeFirst(forAgent.count)
    guard isWhole else { return }
    for (_, byte) in forController { controller.receive(damage(byte), at: controllerTime) }
    dialogue.receive(forAgent.map { damage($0.byte) }[...], at: instant)
  }

  private mutating func damage(_ byte: UInt8) -> UInt8 {
    damageEach > 0 && random.below(damageEach) == 0 ? byte ^ (1 << UInt8(random.below(8))) : byte
  }
}
