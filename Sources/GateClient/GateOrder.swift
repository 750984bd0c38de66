import GateProtocol
import Pipelines

/// An order on its way through the client.
struct GateOrder: Sendable {
  enum Target: Sendable {
    case part(UInt32, GatePosition)
    case moment(MonotonicInstant)
    case tick(UInt64)
  }

  let number: OrderNumber
  let target: Target
  let deadline: MonotonicInstant
}

/// An order that was sent and hasn't ended.
struct PendingOrder: Sendable {
  let message: GateMessage
  let verdict: GatePosition
  var sendAgainAt: MonotonicInstant
  var pause = PendingOrder.firstPause
  var isAccepted = false

  /// Until an order without an answer is sent again; it doubles up to the last.
  static let firstPause = Duration.milliseconds(40), lastPause = Duration.milliseconds(320)
}
