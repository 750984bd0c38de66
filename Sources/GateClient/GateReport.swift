public import GateProtocol
public import Pipelines

/// The number of an order; it comes back with its end.
public typealias OrderNumber = UInt32

/// How the client stands with the controller.
public enum GateLinkState: Sendable, Equatable {
  /// The device can't be opened, or has gone; why, for a person. It is tried again for ever.
  case away(String)
  /// Saying hello, and waiting for an answer.
  case meeting
  /// The controller speaks another version of the protocol.
  case incompatible(UInt8)
  /// The controller doesn't take the configuration.
  case misconfigured(GateConfiguration.Flaw)
  /// Orders are taken.
  case armed
}

/// A part that passed the sensor.
public struct PartSighting: Sendable, Equatable {
  public var number: UInt32
  /// When its leading edge passed, by this machine's clock; nil while the clocks aren't compared well enough.
  public var at: MonotonicInstant?
  /// By how much that may be wrong; nil with it.
  public var uncertainty: Duration?
  /// By the controller's clock, in microseconds.
  public var time: UInt64
  /// What the encoder showed.
  public var ticks: UInt64
}

/// Something at the gate.
public struct GateExecution: Sendable, Equatable {
  /// 0 where a moment was ordered.
  public var part: UInt32
  /// What the gate really did.
  public var position: GatePosition
  public var cause: GateCause
  /// When, by the controller's clock, in microseconds.
  public var time: UInt64
  public var ticks: UInt64
  /// By this machine's clock; nil while the clocks aren't compared well enough.
  public var at: MonotonicInstant?
}

/// How an order ended. Every order that was taken ends once.
public enum OrderEnding: Sendable, Equatable {
  /// The part reached the gate, and this is what the gate did: not always what was ordered, see `GateExecution.cause`.
  case acknowledged(GateExecution)
  /// It came when the part had passed, or its deadline came first.
  case late
  case refused(OrderRefusal)
  /// An order by moment while the controller's clock isn't known well enough.
  case unsynchronised
  /// Nobody knows: the link broke, or was not there. The gate is, or soon will be, in its safe position.
  case linkLost
}

/// What the client tells.
public enum GateReport: Sendable, Equatable {
  case state(GateLinkState)
  case part(PartSighting)
  /// The controller took the order. When the part reaches the gate, in the configuration's unit.
  case accepted(OrderNumber, position: UInt64)
  case ended(OrderNumber, OrderEnding)
  /// A part reached the gate without an order.
  case unjudged(GateExecution)
  /// The gate carried out an order that has ended here already (as `linkLost`, say), or that an earlier life of this program gave.
  case belated(OrderNumber, GateExecution)
  case fault(GateFault, time: UInt64)
  /// So many events were overwritten before they could be fetched: parts may have passed unseen.
  case missedEvents(UInt32)
  /// The controller started anew. By its watchdog: its program was stuck.
  case restarted(BootCause)
}

/// What the client counts. Of the orders taken, `acknowledged + late + refused + linkLost` have ended.
public struct GateCounters: Sendable, Equatable {
  public var taken = 0
  /// Refused at once, for the queue was full.
  public var notTaken = 0
  public var acknowledged = 0
  /// Of the acknowledged: the gate did otherwise than was ordered.
  public var overridden = 0
  public var late = 0
  public var refused = 0
  public var linkLost = 0
  public var unjudged = 0
  /// Executions of orders that had ended here already, or that an earlier life of this program gave.
  public var belated = 0
  /// Frames that came damaged, and sequence numbers that never came.
  public var damagedFrames = 0, lostFrames = 0
  public var missedEvents = 0
  /// How often the controller was met.
  public var sessions = 0
  /// What the controller counts, as it said last.
  public var controller = ControllerCounters()

  public init() {}
}
