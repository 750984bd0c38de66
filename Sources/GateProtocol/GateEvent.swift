/// Something that happened at the gate. Events are numbered, kept for a while and sent again on demand, so that a damaged line delays them only.
public struct GateEvent: Sendable, Equatable {
  public enum Kind: UInt8, Sendable {
    /// The sensor saw a part's leading edge.
    case partSeen = 1
    /// A part, or an ordered moment, reached the gate.
    case reached = 2
    /// See `fault`.
    case fault = 3
  }

  public var number: UInt32 = 0
  public var kind: Kind
  /// Of parts, one more for each, beginning anywhere; 0 of none.
  public var part: UInt32 = 0
  /// What ordered it; see `cause`.
  public var order: UInt32 = 0
  /// When it happened, in the controller's microseconds.
  public var time: UInt64
  /// What the encoder showed then.
  public var ticks: UInt64
  /// `reached`: where the gate really stood or moved.
  public var position = GatePosition.reject
  /// `reached`: why it stood there; `fault`: what it was.
  private var reason: UInt8 = 0

  /// `reached`: why the gate stood as it did.
  public var cause: GateCause? { kind == .reached ? GateCause(rawValue: reason) : nil }
  /// `fault`: what it was.
  public var fault: GateFault? { kind == .fault ? GateFault(rawValue: reason) : nil }

  /// A part's leading edge.
  public static func seen(part: UInt32, at time: UInt64, ticks: UInt64) -> GateEvent { GateEvent(kind: .partSeen, part: part, time: time, ticks: ticks) }

  /// A part or an ordered moment at the gate.
  public static func reached(part: UInt32, order: UInt32, at time: UInt64, ticks: UInt64, position: GatePosition, cause: GateCause) -> GateEvent {
    GateEvent(kind: .reached, part: part, order: order, time: time, ticks: ticks, position: position, reason: cause.rawValue)
  }

  /// A disturbance.
  public static func fault(_ fault: GateFault, at time: UInt64, ticks: UInt64) -> GateEvent {
    GateEvent(kind: .fault, time: time, ticks: ticks, reason: fault.rawValue)
  }

  private init(
    kind: Kind, part: UInt32 = 0, order: UInt32 = 0, time: UInt64, ticks: UInt64, position: GatePosition = .reject, reason: UInt8 = 0
  ) {
    (self.kind, self.part, self.order, self.time, self.ticks) = (kind, part, order, time, ticks)
    (self.position, self.reason) = (position, reason)
  }

  func write(to bytes: inout FrameBytes) {
    bytes.append(number)
    bytes.append(kind.rawValue)
    bytes.append(part)
    bytes.append(order)
    bytes.append(time)
    bytes.append(ticks)
    bytes.append(position.rawValue)
    bytes.append(reason)
  }

  init?(from fields: inout FieldReader) {
    guard let number = fields.take(UInt32.self), let kind = Kind(rawValue: fields.take() ?? 0), let part = fields.take(UInt32.self),
      let order = fields.take(UInt32.self), let time = fields.take(UInt64.self), let ticks = fields.take(UInt64.self),
      let position = GatePosition(rawValue: fields.take() ?? 0), let reason = fields.take(UInt8.self)
    else { return nil }
    switch kind {
    case .partSeen: guard reason == 0 else { return nil }
    case .reached: guard GateCause(rawValue: reason) != nil else { return nil }
    case .fault: guard GateFault(rawValue: reason) != nil else { return nil }
    }
    self.init(kind: kind, part: part, order: order, time: time, ticks: ticks, position: position, reason: reason)
    self.number = number
  }
}

/// Why the gate stood as it did when something reached it.
public enum GateCause: UInt8, Sendable {
  case ordered = 1
  /// There was no order in time: the configured verdict.
  case unjudged = 2
  /// No agent spoke: the safe position, whatever was ordered.
  case silence = 3
  /// The queue of parts had overflowed, or the configuration had changed: the safe position, whatever was ordered.
  case held = 4
  /// It was to pass, but the gate still rejected the part before it.
  case overlap = 5
  /// The controller came too late to it, by more than a quarter of the pulse: the position is the one in which the gate still stood.
  case missed = 6
}

/// What disturbs a controller.
public enum GateFault: UInt8, Sendable {
  /// The agent fell silent; the gate is in its safe position.
  case agentSilent = 1
  /// The part-present sensor sees a part for too long.
  case sensorBlocked = 2
  /// More parts between sensor and gate than the controller can follow; the gate is in its safe position until they are past.
  case tooManyParts = 3
  /// Bytes of the line were lost because they weren't fetched in time.
  case receiveOverrun = 4
  /// The configuration changed while parts were on their way; the gate is in its safe position until they are past.
  case reconfigured = 5
  /// The part-present sensor has bounced for so long that parts may have passed unseen.
  case sensorUnsteady = 6
  /// An agent began a session while a part was being rejected; the gate went to its safe position at once.
  case rejectCutShort = 7
  /// A part came and went, or two came, while the encoder stood still: it is broken or slips. Parts on their way were given up, and the gate is in
  /// its safe position until the encoder has gone on by the travel.
  case encoderStill = 8
  /// A part was at the gate already when its edge had proved itself: the travel, in ticks, is too short for the debouncing at this speed.
  case travelTooShort = 9
  /// The sensor bounced for so long before it saw a part that nobody can tell when it came; it was given up, and the gate is in its safe
  /// position until it is past.
  case edgeUncertain = 10
}
