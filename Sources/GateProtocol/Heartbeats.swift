/// The agent lives, and has taken every event before `nextEvent`.
public struct AgentHeartbeat: Sendable, Equatable {
  public var nextEvent: UInt32
  /// It knows of events that it missed: send again from `nextEvent`.
  public var wantsEvents: Bool

  public init(nextEvent: UInt32, wantsEvents: Bool) { (self.nextEvent, self.wantsEvents) = (nextEvent, wantsEvents) }

  func write(to bytes: inout FrameBytes) {
    bytes.append(nextEvent)
    bytes.append(wantsEvents ? UInt8(1) : 0)
  }

  init?(from fields: inout FieldReader) {
    guard let nextEvent = fields.take(UInt32.self), let flag = fields.take(UInt8.self), flag <= 1 else { return nil }
    self.init(nextEvent: nextEvent, wantsEvents: flag == 1)
  }
}

/// What the controller does as a whole; the lamp shows it.
public enum ControllerState: UInt8, Sendable {
  /// Just started, or a new agent has come: no configuration in this session. The lamp blinks fast.
  case unconfigured = 1
  /// Judging parts. The lamp is lit.
  case armed = 2
  /// The agent fell silent. The lamp blinks slowly.
  case silent = 3
  /// Armed, but in the safe position until parts are past that can't be followed. The lamp blinks fast.
  case held = 4
}

/// What the controller counts since it started; each wraps around.
public struct ControllerCounters: Sendable, Equatable {
  /// Frames that were damaged.
  public var damagedFrames: UInt32 = 0
  /// Undamaged frames of another session, or out of sequence.
  public var foreignFrames: UInt32 = 0
  /// Parts that reached the gate without an order.
  public var unjudged: UInt32 = 0
  /// Orders that came too late.
  public var late: UInt32 = 0
  /// Orders refused for other reasons.
  public var refused: UInt32 = 0

  public init() {}
}

/// The controller lives.
public struct ControllerHeartbeat: Sendable, Equatable {
  public var state: ControllerState
  /// The event that comes next, and the oldest that can be sent again.
  public var nextEvent: UInt32, oldestEvent: UInt32
  public var time: UInt64
  public var ticks: UInt64
  public var counters: ControllerCounters
  /// Parts between sensor and gate.
  public var openParts: UInt8

  public init(
    state: ControllerState, nextEvent: UInt32, oldestEvent: UInt32, time: UInt64, ticks: UInt64, counters: ControllerCounters, openParts: UInt8
  ) {
    (self.state, self.nextEvent, self.oldestEvent, self.time, self.ticks) = (state, nextEvent, oldestEvent, time, ticks)
    (self.counters, self.openParts) = (counters, openParts)
  }

  func write(to bytes: inout FrameBytes) {
    bytes.append(state.rawValue)
    bytes.append(nextEvent)
    bytes.append(oldestEvent)
    bytes.append(time)
    bytes.append(ticks)
    bytes.append(counters.damagedFrames)
    bytes.append(counters.foreignFrames)
    bytes.append(counters.unjudged)
    bytes.append(counters.late)
    bytes.append(counters.refused)
    bytes.append(openParts)
  }

  init?(from fields: inout FieldReader) {
    guard let state = ControllerState(rawValue: fields.take() ?? 0), let next = fields.take(UInt32.self), let oldest = fields.take(UInt32.self),
      let time = fields.take(UInt64.self), let ticks = fields.take(UInt64.self)
    else { return nil }
    var counters = ControllerCounters()
    guard let damaged = fields.take(UInt32.self), let foreign = fields.take(UInt32.self), let unjudged = fields.take(UInt32.self),
      let late = fields.take(UInt32.self), let refused = fields.take(UInt32.self), let open = fields.take(UInt8.self)
    else { return nil }
    (counters.damagedFrames, counters.foreignFrames, counters.unjudged, counters.late, counters.refused) = (damaged, foreign, unjudged, late, refused)
    self.init(state: state, nextEvent: next, oldestEvent: oldest, time: time, ticks: ticks, counters: counters, openParts: open)
  }
}
