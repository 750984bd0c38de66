import GateProtocol
import Pipelines

/// What the controller says.
extension GateDialogue {
  /// Bytes of the line, in any portions.
  mutating func receive(_ bytes: ArraySlice<UInt8>, at now: MonotonicInstant) {
    for byte in bytes {
      switch reader.receive(byte) {
      case .incomplete: break
      case .damaged: counters.damagedFrames += 1
      case .otherVersion(let version): if phase == .meeting { show(.incompatible(version)) }
      case .frame(let frame): take(frame, at: now)
      }
    }
  }

  private mutating func take(_ frame: GateFrame, at now: MonotonicInstant) {
    guard phase != .apart, frame.message.code.isFromController else { return }
    if case .welcome(let welcome) = frame.message {
      // Another session for the same hello: the controller hadn't heard the rest.
      if welcome.nonce == nonce, phase == .meeting || welcome.session != session {
        begin(welcome, frame, at: now)
      }
      // The answer to a hello that was repeated before the first answer came.
      else if frame.session == session, WrappingOrder.distance(from: lastSequence, to: frame.sequence) > 0 {
        lastSequence = frame.sequence
      }
      return
    }
    guard phase != .meeting else { return }
    if frame.session == 0 {
      // It started anew, or found this side silent: it knows of no session.
      meet(at: now)
      return
    }
    let step = WrappingOrder.distance(from: lastSequence, to: frame.sequence)
    guard frame.session == session, step > 0 else { return }
    counters.lostFrames += Int(step) - 1
    lastSequence = frame.sequence
    lastHeard = now
    switch frame.message {
    case .configured(let reply): take(reply, at: now)
    case .timeReply(let reply):
      clock.add(
        sentAt: MonotonicInstant(nanoseconds: reply.sentAt), arrivedAt: reply.receivedAt, repliedAt: reply.repliedAt, receivedAt: now)
    case .controllerHeartbeat(let heartbeat): take(heartbeat, at: now)
    case .orderReply(let reply): take(reply)
    case .event(let event): take(event, at: now)
    case .hello, .configure, .timeRequest, .agentHeartbeat, .partOrder, .momentOrder, .welcome: break
    }
  }

  private mutating func begin(_ welcome: Welcome, _ frame: GateFrame, at now: MonotonicInstant) {
    loseOrders()
    session = welcome.session
    lastSequence = frame.sequence
    lastHeard = now
    phase = .configuring
    nextHello = now
    counters.sessions += 1
    // How long there was no line, and what became of either clock meanwhile, nobody knows.
    clock = ClockEstimate()
    if boot != welcome.boot {
      // Its events begin anew.
      // What happened before this program came is not its business: those parts are past, or will be without an order.
      expectedEvent = boot == nil ? welcome.nextEvent : welcome.oldestEvent
      // That it has power is no news when the two meet for the first time; that its program was stuck is.
      if boot != nil || welcome.cause != .power { reports.append(.restarted(welcome.cause)) }
    }
    boot = welcome.boot
    noteOldest(welcome.oldestEvent)
  }

  private mutating func take(_ reply: ConfigureReply, at now: MonotonicInstant) {
    guard phase == .configuring, reply.digest == configuration.digest else { return }
    if let flaw = reply.flaw {
      nextHello = now.advanced(by: .seconds(1))
      show(.misconfigured(flaw))
      return
    }
    phase = .armed
    exchangesLeft = Self.firstExchanges
    nextExchange = now
    // At once, with the wish for what happened before.
    mayAskAt = now
    askForEvents(at: now)
    show(.armed)
  }

  private mutating func take(_ heartbeat: ControllerHeartbeat, at now: MonotonicInstant) {
    counters.controller = heartbeat.counters
    noteOldest(heartbeat.oldestEvent)
    if WrappingOrder.distance(from: expectedEvent, to: heartbeat.nextEvent) > 0 { askForEvents(at: now) }
  }

  private mutating func askForEvents(at now: MonotonicInstant) {
    guard phase == .armed, now >= mayAskAt else { return }
    mayAskAt = now.advanced(by: Self.eventPause)
    sendHeartbeat(wantsEvents: true, at: now)
  }

  /// What is older than that can't be had any more; an execution may be among it, even of an order whose acceptance never came.
  private mutating func noteOldest(_ oldest: UInt32) {
    let missed = WrappingOrder.distance(from: expectedEvent, to: oldest)
    guard missed > 0 else { return }
    expectedEvent = oldest
    counters.missedEvents += Int(missed)
    reports.append(.missedEvents(UInt32(missed)))
    loseOrders()
  }

  private mutating func take(_ event: GateEvent, at now: MonotonicInstant) {
    let step = WrappingOrder.distance(from: expectedEvent, to: event.number)
    guard step == 0 else {
      if step > 0 { askForEvents(at: now) }
      return
    }
    expectedEvent &+= 1
    switch event.kind {
    case .partSeen:
      let at = instant(of: event.time)
      let uncertainty = at.flatMap { clock.uncertainty(at: $0) }
      reports.append(.part(PartSighting(number: event.part, at: at, uncertainty: uncertainty, time: event.time, ticks: event.ticks)))
    case .fault: if let fault = event.fault { reports.append(.fault(fault, time: event.time)) }
    case .reached:
      guard let cause = event.cause else { return }
      let execution = GateExecution(
        part: event.part, position: event.position, cause: cause, time: event.time, ticks: event.ticks, at: instant(of: event.time))
      if event.order != 0 { carryOut(event.order, execution) } else { noteUnjudged(execution) }
    }
  }

  /// Nil while it isn't known well enough.
  private func instant(of time: UInt64) -> MonotonicInstant? {
    guard let instant = clock.instant(of: time), let uncertainty = clock.uncertainty(at: instant), uncertainty <= greatestUncertainty else { return nil }
    return instant
  }

  private mutating func noteUnjudged(_ execution: GateExecution) {
    counters.unjudged += 1
    reports.append(.unjudged(execution))
  }
}
