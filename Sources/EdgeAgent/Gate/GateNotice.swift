import GateClient
import GateProtocol
import Inspection

/// Something about a gate that people should know.
enum GateNotice: Sendable, Equatable {
  /// Why an order wasn't given for a part with a verdict.
  enum Obstacle: String, Sendable {
    /// No part of the gate's sensor fits its moment, or two do.
    case noSuchPart = "no_such_part"
    /// Nobody knows when it was at the exit.
    case unknownMoment = "unknown_moment"
    /// Too many wait.
    case queueFull = "queue_full"
    /// The agent ended before its part passed the sensor.
    case stopped
  }

  /// What the gate's sensor saw about the moment of a part for which it has none.
  enum SensorView: Sendable, Equatable {
    /// The controller isn't armed: what passes isn't told.
    case unknown
    case nothing
    /// More than one may be meant.
    case several
    /// How much earlier than expected the closest passed (later where negative), and the way from sensor to camera with which it would have fitted; nil
    /// where no configuration may have that.
    case closest(early: Duration, fitting: Duration?)
  }

  case link(GateLinkState)
  /// An order for the pipeline's part of this number ended otherwise than was ordered.
  case failed(part: UInt64, PartOutcome.Verdict, OrderEnding)
  case unplaced(part: UInt64, PartOutcome.Verdict, Obstacle, sensor: SensorView? = nil)
  /// A part reached the gate without an order.
  case unjudged(GateExecution)
  /// An order that had ended already was carried out all the same.
  case belated(GateExecution)
  case fault(GateFault)
  case missedEvents(UInt32)
  case restarted(byWatchdog: Bool)
  /// So many notices found no room.
  case untold(UInt64)
}

extension GateLinkState {
  /// For machines.
  var word: String {
    switch self {
    case .away: "away"
    case .meeting: "meeting"
    case .incompatible: "incompatible"
    case .misconfigured: "misconfigured"
    case .armed: "armed"
    }
  }

  /// For a person; nil where all is well.
  var trouble: String? {
    switch self {
    case .armed: nil
    case .away(let reason): reason
    case .meeting: "its controller doesn't answer"
    case .incompatible(let version): "its controller speaks version \(version) of the protocol; update it or this program"
    case .misconfigured(let flaw): "its controller doesn't take the configuration (\(flaw))"
    }
  }
}
