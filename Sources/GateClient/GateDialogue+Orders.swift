import GateProtocol
import Pipelines

/// Orders, from their coming to their one end.
extension GateDialogue {
  /// Sends an order, or ends it at once.
  mutating func submit(_ order: GateOrder, at now: MonotonicInstant) {
    counters.taken += 1
    guard phase == .armed else { return end(order.number, .linkLost) }
    guard now <= order.deadline else { return end(order.number, .late) }
    guard pending.count < Self.greatestPending else { return end(order.number, .refused(.queueFull)) }
    let message: GateMessage
    var verdict = GatePosition.reject
    switch order.target {
    case .part(let part, let wanted):
      message = .partOrder(PartOrder(order: order.number, part: part, verdict: wanted))
      verdict = wanted
    case .tick(let tick):
      guard configuration.unit == .encoderTicks else { return end(order.number, .refused(.implausible)) }
      message = .momentOrder(MomentOrder(order: order.number, moment: tick))
    case .moment(let moment):
      guard configuration.unit == .microseconds else { return end(order.number, .refused(.implausible)) }
      guard let uncertainty = clock.uncertainty(at: moment), uncertainty <= greatestUncertainty, let time = clock.controllerTime(at: moment) else {
        return end(order.number, .unsynchronised)
      }
      message = .momentOrder(MomentOrder(order: order.number, moment: time))
    }
    pending[order.number] = PendingOrder(message: message, verdict: verdict, sendAgainAt: now.advanced(by: PendingOrder.firstPause))
    send(message)
  }

  /// What got no answer goes again, with its number: the controller carries it out once. From the first sending on only the controller knows
  /// what becomes of an order, so a deadline doesn't end it any more.
  mutating func repeatOrders(at now: MonotonicInstant) {
    for (number, order) in pending where !order.isAccepted && now >= order.sendAgainAt {
      let pause = min(order.pause * 2, PendingOrder.lastPause)
      pending[number]?.pause = pause
      pending[number]?.sendAgainAt = now.advanced(by: pause)
      send(order.message)
    }
  }

  mutating func take(_ reply: OrderReply) {
    guard let order = pending[reply.order] else { return }
    switch reply.refusal {
    case nil:
      guard !order.isAccepted else { return }
      pending[reply.order]?.isAccepted = true
      reports.append(.accepted(reply.order, position: reply.position))
    case .late: if !order.isAccepted { end(reply.order, .late) }
    case let refusal?: if !order.isAccepted { end(reply.order, .refused(refusal)) }
    }
  }

  /// The controller says what became of it.
  mutating func carryOut(_ number: OrderNumber, _ execution: GateExecution) {
    // A number of an earlier life of this program may have come round.
    guard let order = pending[number], part(of: order.message) == execution.part else {
      counters.belated += 1
      reports.append(.belated(number, execution))
      return
    }
    finish(number, order, execution)
    // Others for the same part, a pass that a reject outweighed: the controller will say no more of them.
    guard execution.part != 0 else { return }
    while let (other, superseded) = pending.first(where: { part(of: $0.value.message) == execution.part }) { finish(other, superseded, execution) }
  }

  private mutating func finish(_ number: OrderNumber, _ order: PendingOrder, _ execution: GateExecution) {
    if execution.position != order.verdict { counters.overridden += 1 }
    end(number, .acknowledged(execution))
  }

  /// Nobody will ever know.
  mutating func loseOrders() {
    for number in pending.keys.sorted() { end(number, .linkLost) }
  }

  mutating func end(_ number: OrderNumber, _ ending: OrderEnding) {
    pending[number] = nil
    switch ending {
    case .acknowledged: counters.acknowledged += 1
    case .late: counters.late += 1
    case .refused, .unsynchronised: counters.refused += 1
    case .linkLost: counters.linkLost += 1
    }
    reports.append(.ended(number, ending))
  }

  private func part(of message: GateMessage) -> UInt32 {
    if case .partOrder(let order) = message { order.part } else { 0 }
  }
}
