import GateClient
import GateProtocol
import Pipelines

/// From verdicts to orders, and what becomes of these. What isn't of the client's thread is under the mutex.
extension GateDesk {
  private var isTimed: Bool { gate.settings.configuration.unit == .microseconds }
  private var travel: Duration { .microseconds(Int64(gate.settings.configuration.travel)) }

  /// When a part is at the gate at the earliest.
  private func deadline(_ edge: MonotonicInstant) -> MonotonicInstant { edge.advanced(by: isTimed ? travel : Self.patience) }

  /// From when on no edge will come any more that wasn't told yet. What is ordered then must still reach the controller before the part reaches the gate.
  private func edgeIsDue(_ verdict: Verdict) -> MonotonicInstant {
    let wait = gate.tolerance + Self.eventLatency
    return verdict.edge.advanced(by: isTimed ? min(wait, travel / 4 * 3) : wait)
  }

  /// When `place` has something to do, though nothing happens; nil where nothing waits.
  func nextDue(after now: MonotonicInstant) -> MonotonicInstant? {
    var first: MonotonicInstant?
    for at in 0..<pending.count {
      let due = pending[at].isReject && edgeIsDue(pending[at]) >= now ? edgeIsDue(pending[at]) : deadline(pending[at].edge)
      // A step behind it, for then it is over.
      let next = due.advanced(by: .milliseconds(1))
      if first.map({ next < $0 }) ?? true { first = next }
    }
    return first.map { max($0, now.advanced(by: .milliseconds(1))) }
  }

  /// Gives the orders of those whose part has passed the sensor, and of rejects whose part isn't known for certain.
  func place(at now: MonotonicInstant) {
    guard let client else { return }
    var at = 0
    while at < pending.count {
      if settle(pending[at], client, at: now) { pending.remove(at: at) } else { at += 1 }
    }
  }

  /// - Returns: whether nothing waits for it any more.
  private func settle(_ verdict: Verdict, _ client: GateClient, at now: MonotonicInstant) -> Bool {
    if let part = client.part(closestTo: verdict.edge, within: gate.tolerance) {
      order(part, verdict, client)
      return true
    }
    guard deadline(verdict.edge) >= now else {
      giveUp(verdict.part, verdict.kind, .noSuchPart, sensor: sensorView(of: verdict, client))
      return true
    }
    return verdict.isReject && edgeIsDue(verdict) < now && rejectUncertain(verdict, client)
  }

  /// Why none of the sensor's parts is the verdict's.
  private func sensorView(of verdict: Verdict, _ client: GateClient) -> GateNotice.SensorView {
    guard isArmed else { return .unknown }
    guard let closest = client.closestPart(to: verdict.edge), let at = closest.at else { return .nothing }
    let early = at.duration(to: verdict.edge)
    if max(early, .zero - early) <= gate.tolerance { return .several }
    let fitting = gate.offset + early
    return .closest(early: early, fitting: gate.takes(offset: fitting) ? fitting : nil)
  }

  private func order(_ part: PartSighting, _ verdict: Verdict, _ client: GateClient) {
    guard give(part, verdict, client) else { return giveUp(verdict.part, verdict.kind, .queueFull) }
    count(verdict)
  }

  private func count(_ verdict: Verdict) {
    if verdict.isReject { current.rejects += 1 } else { current.passes += 1 }
  }

  /// - Returns: false where there is no room for it.
  private func give(_ part: PartSighting, _ verdict: Verdict, _ client: GateClient) -> Bool {
    // By encoder a part may take any time: the controller says what is late.
    let deadline = isTimed ? deadline(verdict.edge) : verdict.edge.advanced(by: .seconds(3600))
    guard orders.count < Self.orderLimit, let number = client.order(part: part.number, verdict.isReject ? .reject : .pass, deadline: deadline) else {
      return false
    }
    orders.append(Order(number: number, verdict: verdict, part: part))
    return true
  }

  /// Where several parts may be meant all are rejected; where none is known, what is at the gate at its moment.
  /// - Returns: false where nothing can be ordered yet.
  private func rejectUncertain(_ verdict: Verdict, _ client: GateClient) -> Bool {
    client.parts(near: verdict.edge, within: gate.tolerance, into: &candidates)
    var isGiven = false
    for at in 0..<candidates.count where give(candidates[at], verdict, client) { isGiven = true }
    if !isGiven, isTimed { isGiven = giveMoment(verdict, client) }
    if isGiven { count(verdict) }
    return isGiven
  }

  private func giveMoment(_ verdict: Verdict, _ client: GateClient) -> Bool {
    let moment = deadline(verdict.edge)
    guard orders.count < Self.orderLimit, let number = client.reject(at: moment, deadline: moment) else { return false }
    orders.append(Order(number: number, verdict: verdict, part: nil))
    return true
  }

  /// A controller whose program knows no better keeps the first verdict on a part: so the second, a reject, is ordered for when that part is at the gate.
  /// - Returns: whether that is, or was, done.
  private func rejectAgain(_ refused: Order) -> Bool {
    guard refused.verdict.isReject, let part = refused.part, let client else { return false }
    if orders.contains(where: { $0.part?.number == part.number && $0.verdict.isReject }) { return true }
    if isTimed { return giveMoment(refused.verdict, client) }
    let tick = part.ticks &+ UInt64(gate.settings.configuration.travel)
    guard orders.count < Self.orderLimit, let number = client.reject(atTick: tick, deadline: refused.verdict.edge.advanced(by: .seconds(3600))) else {
      return false
    }
    orders.append(Order(number: number, verdict: refused.verdict, part: nil))
    return true
  }

  /// Looks whether verdicts, or the controller's answer, have been waited for too long, as nothing else may happen.
  func sweep(at now: MonotonicInstant = MonotonicClock.now()) {
    mutex.withLock {
      place(at: now)
      guard let since = meetingSince, since.advanced(by: Self.meetingTime) <= now else { return }
      meetingSince = nil
      notices.push(.link(.meeting))
    }
  }

  // MARK: - The client's thread

  func take(_ report: GateReport) {
    switch report {
    case .state(let state): show(state)
    case .part: sweep()
    case .accepted: break
    case .ended(let number, let ending): end(number, ending)
    case .unjudged(let execution): notices.push(.unjudged(execution))
    case .belated(_, let execution): notices.push(.belated(execution))
    case .fault(let fault, time: _): notices.push(.fault(fault))
    case .missedEvents(let count): notices.push(.missedEvents(count))
    case .restarted(let cause): notices.push(.restarted(byWatchdog: cause == .watchdog))
    }
  }

  /// Meeting is soon over where all is well; it is told where it ends something, or lasts.
  private func show(_ state: GateLinkState) {
    mutex.withLock {
      let isWorth = state != .meeting || isArmed
      meetingSince = isWorth ? nil : MonotonicClock.now()
      isArmed = state == .armed
      if isWorth { notices.push(.link(state)) }
    }
  }

  private func end(_ number: OrderNumber, _ ending: OrderEnding) {
    mutex.withLock {
      guard let at = orders.firstIndex(where: { $0.number == number }) else { return }
      let order = orders.remove(at: at)
      if case .acknowledged(let execution) = ending, execution.position == (order.verdict.isReject ? .reject : .pass) { return }
      if case .refused(.duplicate) = ending, rejectAgain(order) { return }
      current.failed += 1
      notices.push(.failed(part: order.verdict.part, order.verdict.kind, ending))
    }
  }
}
