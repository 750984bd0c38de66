import GateProtocol

/// What comes over the line.
extension GateController {
  /// Frames of a session come in sequence; one this much further is not believed.
  static let sequenceWindow: Int32 = 4096
  /// Ordered moments lie at most so far ahead: 30 minutes, or 2³² ticks.
  static let horizon: UInt64 = 1_800_000_000, tickHorizon: UInt64 = 1 << 32

  /// The next byte of the line, and when it came.
  public mutating func receive(_ byte: UInt8, at time: UInt64) {
    if time > now { now = time }
    switch reader.receive(byte) {
    case .incomplete: break
    case .damaged: counters.damagedFrames &+= 1
    case .otherVersion: counters.foreignFrames &+= 1
    case .frame(let frame): take(frame)
    }
  }

  private mutating func take(_ frame: GateFrame) {
    if case .hello(let hello) = frame.message {
      meet(hello, frame)
      return
    }
    let step = WrappingOrder.distance(from: lastSequence, to: frame.sequence)
    guard session != 0, frame.session == session, step > 0, step <= Self.sequenceWindow, !frame.message.code.isFromController else {
      counters.foreignFrames &+= 1
      return
    }
    lastSequence = frame.sequence
    lastHeard = now
    switch frame.message {
    case .configure(let wanted): configure(wanted)
    case .timeRequest(let request): send(.timeReply(TimeReply(sentAt: request.sentAt, receivedAt: now, repliedAt: now)))
    case .agentHeartbeat(let heartbeat): if heartbeat.wantsEvents { log.rewind(to: heartbeat.nextEvent) }
    case .partOrder(let order): take(order)
    case .momentOrder(let order): take(order)
    case .hello, .welcome, .configured, .timeReply, .controllerHeartbeat, .orderReply, .event: break
    }
  }

  private mutating func meet(_ hello: Hello, _ frame: GateFrame) {
    guard frame.session == 0 else {
      counters.foreignFrames &+= 1
      return
    }
    // A hello that is repeated for want of an answer begins no other session.
    if link != .greeted || hello.nonce != helloNonce {
      helloCount &+= 1
      helloNonce = hello.nonce
      session = number(outOf: hello.nonce)
      if boot == 0 {
        // Parts are numbered from it, too: a number of an earlier life names none of this one.
        boot = session
        nextPart = session
      }
      lastSequence = frame.sequence
      parts.inherit()
      if link == .armed, pulseEnd > now { log.append(.fault(.rejectCutShort, at: now, ticks: ticks)) }
      link = .greeted
      pulseEnd = 0
      log.skipToEnd()
    }
    lastHeard = now
    send(
      .welcome(
        Welcome(
          nonce: hello.nonce, session: session, boot: boot, cause: bootCause, firmware: firmware, configurationDigest: configuration?.digest ?? 0,
          nextEvent: log.next, oldestEvent: log.oldest)))
  }

  /// Nobody who wrote before now can know it: the microsecond at which the hello came is in it.
  private mutating func number(outOf nonce: UInt32) -> UInt32 {
    var bytes = FrameBytes()
    bytes.append(nonce)
    bytes.append(now)
    bytes.append(helloCount)
    var check = FrameCheck()
    for index in 0..<bytes.count { check.update(bytes[index]) }
    return check.value == 0 ? 1 : check.value
  }

  private mutating func configure(_ wanted: GateConfiguration) {
    if let flaw = wanted.flaw {
      send(.configured(ConfigureReply(digest: wanted.digest, flaw: flaw)))
      return
    }
    if let old = configuration, old != wanted { giveUpEverything(old) }
    let knewNothing = configuration == nil
    configuration = wanted
    // What passed the sensor before is on its way, and nobody counted it.
    if knewNothing { holdForWhatHasPassed() }
    // A part that was to be rejected may stand before the gate still, whatever cut its reject short.
    if link != .armed { heldUntil = max(heldUntil, now &+ UInt64(wanted.pulse)) }
    link = .armed
    send(.configured(ConfigureReply(digest: wanted.digest, flaw: nil)))
  }

  private mutating func take(_ order: PartOrder) {
    guard link == .armed else { return refuse(order.order, .notArmed) }
    if finished.contains(order.order, part: order.part) { return accept(order.order, at: position) }
    if let other = parts.position(ofOrder: order.order), parts[other].number != order.part { return refuse(order.order, .duplicate) }
    guard let place = parts.position(of: order.part) else {
      // Numbers began with that of this life.
      let isPast = order.part != 0 && order.part &- boot < nextPart &- boot
      return refuse(order.order, isPast ? .late : .unknownPart)
    }
    if let verdict = parts[place].verdict {
      // A repeat will be carried out, so it is never late. A reject that outlived its session goes to the one who orders it anew.
      let isRepeat = parts[place].order == order.order
      if verdict == .pass, order.verdict == .reject, !isRepeat {
        // Two were judged, and the sensor saw one part: until it is there a reject outweighs a pass, never the other way round.
        guard parts[place].arrival > position else { return refuse(order.order, .late) }
        parts[place].verdict = .reject
        parts[place].order = order.order
        return accept(order.order, at: parts[place].arrival)
      }
      guard verdict == order.verdict, isRepeat || parts[place].isInherited else { return refuse(order.order, .duplicate) }
    } else {
      // Due by now, though `advance` hasn't come to it: late is late.
      guard parts[place].arrival > position else { return refuse(order.order, .late) }
      parts[place].verdict = order.verdict
    }
    parts[place].order = order.order
    parts[place].isInherited = false
    accept(order.order, at: parts[place].arrival)
  }

  private mutating func take(_ order: MomentOrder) {
    guard link == .armed, let unit = configuration?.unit else { return refuse(order.order, .notArmed) }
    if finished.contains(order.order, part: 0) { return accept(order.order, at: position) }
    if let same = moments.find(order.order) {
      return same.moment == order.moment ? accept(order.order, at: same.moment) : refuse(order.order, .duplicate)
    }
    guard parts.position(ofOrder: order.order) == nil else { return refuse(order.order, .duplicate) }
    guard order.moment > position else { return refuse(order.order, .late, by: position - order.moment) }
    guard order.moment - position <= (unit == .microseconds ? Self.horizon : Self.tickHorizon) else { return refuse(order.order, .implausible) }
    guard moments.insert(order) else { return refuse(order.order, .queueFull) }
    accept(order.order, at: order.moment)
  }

  private mutating func accept(_ order: UInt32, at position: UInt64) {
    send(.orderReply(OrderReply(order: order, refusal: nil, position: position)))
  }

  private mutating func refuse(_ order: UInt32, _ refusal: OrderRefusal, by lateness: UInt64 = 0) {
    if refusal == .late { counters.late &+= 1 } else { counters.refused &+= 1 }
    send(.orderReply(OrderReply(order: order, refusal: refusal, position: lateness)))
  }

  /// Without room for it, it is lost: the agent repeats what it gets no answer to, and counts it by the number that never comes.
  mutating func send(_ message: GateMessage) {
    sentSequence &+= 1
    guard transmit.hasRoomForFrame else { return }
    transmit.append(GateFrame(session: session, sequence: sentSequence, message: message).onTheWire)
  }

  mutating func sendHeartbeat() {
    nextHeartbeat = now &+ UInt64(min(max(silence / 4, 20_000), 250_000))
    send(
      .controllerHeartbeat(
        ControllerHeartbeat(
          state: state, nextEvent: log.next, oldestEvent: log.oldest, time: now, ticks: ticks, counters: counters,
          openParts: UInt8(truncatingIfNeeded: parts.count))))
  }
}
