public import GateProtocol

/// What the controller wants of its board.
public struct GateOutputs: Sendable, Equatable {
  /// Whether the gate's output is powered: it is so only in the position that isn't safe.
  public var isDriven = false
  /// The lamp; see `ControllerState`.
  public var isLit = false
  /// What the lamp shows.
  public var state = ControllerState.unconfigured

  public init() {}
}

/// The logic of a gate's controller, without any hardware: bytes, levels and the time come in; outputs and bytes go out. The firmware and the
/// tests run the same sources. Nothing is allocated, nothing waits, and time never comes from elsewhere than the arguments.
///
/// Getters are `mutating` so that they work in place: the whole is nine kilobytes, and a borrowed value may be copied to the stack.
///
/// Whatever is in doubt leaves the output without power: no configuration, no agent, a session that is not its own, more parts than it can follow.
public struct GateController: ~Copyable {
  /// How this side sees the agent.
  enum Link: Sendable {
    case unmet
    /// It said hello, and must configure.
    case greeted
    case armed
    case silent
  }

  /// Microseconds for which a sensor may bounce, and twenty times its debouncing, before it is reported.
  static let patience: UInt64 = 200_000

  let firmware: UInt32
  let bootCause: BootCause
  var boot: UInt32 = 0

  var reader = FrameReader()
  var transmit = TransmitBuffer()
  var log = EventLog()
  var parts = PartQueue()
  var moments = MomentQueue()
  var finished = FinishedOrders()
  var sensor = Debouncer()

  var link = Link.unmet
  var configuration: GateConfiguration?
  var session: UInt32 = 0
  var helloNonce: UInt32 = 0
  var helloCount: UInt32 = 0
  var lastSequence: UInt32 = 0
  var sentSequence: UInt32 = 0
  var lastHeard: UInt64 = 0
  var nextHeartbeat: UInt64 = 0

  var now: UInt64 = 0
  var ticks: UInt64 = 0
  var nextPart: UInt32 = 1
  var pulseEnd: UInt64 = 0
  /// Where the gate has stood since `advance` was called last.
  var stood = GatePosition.reject
  /// Until both have passed, the gate stays in its safe position.
  var heldUntil: UInt64 = 0, heldUntilTick: UInt64 = 0
  var hasReportedBlockage = false, hasReportedUnrest = false, hasReportedStandstill = false
  /// What the encoder showed at the sensor's last edge.
  var ticksOfLastEdge: UInt64?
  var nextOverrunReport: UInt64 = 0
  var counters = ControllerCounters()

  /// - Parameter firmware: its version, as in `Welcome`.
  public init(firmware: UInt32, bootCause: BootCause) {
    self.firmware = firmware
    self.bootCause = bootCause
  }

  /// The level of the part-present sensor and what the encoder has counted, as they are at that moment. The level that was seen last is taken to
  /// have held until then: a board that looked away for longer than debouncing takes misses no part that it saw begin.
  public mutating func sense(partPresent: Bool, ticks: UInt64, at time: UInt64) {
    move(to: time)
    self.ticks = ticks
    watchSensor()
    sensor.sense(partPresent, ticks: ticks, at: now)
  }

  /// The board lost bytes of the line. Reported once a second at most, so that it can't fill the log.
  public mutating func noteReceiveOverrun() {
    guard now >= nextOverrunReport else { return }
    nextOverrunReport = now &+ 1_000_000
    log.append(.fault(.receiveOverrun, at: now, ticks: ticks))
  }

  /// Does all that is due by that moment, and says what the outputs are to be from then on.
  public mutating func advance(to time: UInt64) -> GateOutputs {
    move(to: time)
    listenForSilence()
    watchSensor()
    meetArrivals()
    while session != 0, transmit.hasRoomForFrame, let event = log.unsent {
      send(.event(event))
      log.sentOne()
    }
    // Behind the events that it counts, so that it is no news of lost ones.
    if now >= nextHeartbeat { sendHeartbeat() }
    let outputs = outputs
    if let safe = configuration?.safePosition { stood = outputs.isDriven ? safe.opposite : safe }
    return outputs
  }

  /// The next byte for the line; it stays until `removeOutgoingByte`.
  public var outgoingByte: UInt8? { mutating get { transmit.first } }

  /// The line took it.
  public mutating func removeOutgoingByte() { transmit.removeFirst() }

  /// When `advance` has something to do, if nothing comes before.
  public var wakesAt: UInt64 {
    mutating get {
      // There was no room for them, and now there is.
      if session != 0, log.unsent != nil, transmit.hasRoomForFrame { return now }
      var wake = nextHeartbeat
      func sooner(_ moment: UInt64) { if moment < wake { wake = moment } }
      if link == .greeted || link == .armed { sooner(lastHeard &+ UInt64(silence) &+ 1) }
      if let deadline = sensor.deadline(quiet: debounce) { sooner(deadline) }
      if let configuration {
        if configuration.blockedAfter > 0, sensor.isPresent, !hasReportedBlockage { sooner(sensor.since &+ UInt64(configuration.blockedAfter) &+ 1) }
        if let start = sensor.unsteadySince, !hasReportedUnrest { sooner(start &+ unrest &+ 1) }
      }
      if configuration?.unit == .microseconds {
        if let part = parts.first { sooner(part.arrival) }
        if let moment = moments.first { sooner(moment.moment) }
      }
      if pulseEnd > now { sooner(pulseEnd) }
      if heldUntil > now { sooner(heldUntil) }
      if let shift = blinkShift { sooner(((now >> shift) &+ 1) << shift) }
      return wake
    }
  }

  var state: ControllerState {
    mutating get {
      switch link {
      case .unmet, .greeted: .unconfigured
      case .silent: .silent
      case .armed: isHeld ? .held : .armed
      }
    }
  }

  /// Parts, in the configuration's unit: where the belt is now.
  var position: UInt64 { mutating get { configuration?.unit == .encoderTicks ? ticks : now } }
  var isHeld: Bool { mutating get { now < heldUntil || ticks < heldUntilTick } }
  var silence: UInt32 { mutating get { configuration?.silence ?? 500_000 } }
  private var debounce: UInt32 { mutating get { configuration?.debounce ?? 1000 } }

  private var unrest: UInt64 { mutating get { max(Self.patience, 20 &* UInt64(debounce)) } }

  private mutating func move(to time: UInt64) { if time > now { now = time } }

  private var outputs: GateOutputs {
    mutating get {
      var outputs = GateOutputs()
      outputs.state = state
      if let configuration, link == .armed, !isHeld {
        let position: GatePosition = now < pulseEnd ? .reject : .pass
        outputs.isDriven = position != configuration.safePosition
      }
      if let shift = blinkShift { outputs.isLit = (now >> shift) & 1 == 0 } else { outputs.isLit = true }
      return outputs
    }
  }

  /// Microseconds between the lamp's changes, as a power of two; nil where it is lit.
  private var blinkShift: UInt64? {
    mutating get {
      switch state {
      case .armed: nil
      case .silent: 19
      case .unconfigured, .held: 17
      }
    }
  }

  private mutating func listenForSilence() {
    guard link == .greeted || link == .armed, now &- lastHeard > UInt64(silence), now >= lastHeard else { return }
    if link == .armed { log.append(.fault(.agentSilent, at: now, ticks: ticks)) }
    link = .silent
    // What comes later belongs to no session: the agent must say hello again. It hears so at once.
    session = 0
    pulseEnd = 0
    nextHeartbeat = now
  }

  private mutating func watchSensor() {
    if let edge = sensor.settle(at: now, quiet: debounce), configuration != nil {
      hasReportedBlockage = false
      watchEncoder(edge)
      if edge.isPresent { see(edge) }
    }
    if let start = sensor.unsteadySince {
      if configuration != nil, !hasReportedUnrest, now &- start > unrest {
        hasReportedUnrest = true
        log.append(.fault(.sensorUnsteady, at: now, ticks: ticks))
      }
      if hasReportedUnrest { holdForWhatHasPassed() }
    } else {
      hasReportedUnrest = false
    }
    if let blocked = configuration?.blockedAfter, blocked > 0, sensor.isPresent, !hasReportedBlockage, now &- sensor.since > UInt64(blocked) {
      hasReportedBlockage = true
      log.append(.fault(.sensorBlocked, at: now, ticks: ticks))
    }
    if hasReportedBlockage, sensor.isPresent { holdForWhatHasPassed() }
  }
}
