import GateProtocol

/// From the sensor to the gate.
extension GateController {
  mutating func see(_ edge: Debouncer.Edge) {
    guard let configuration else { return }
    let number = nextPart
    nextPart = nextPart == .max ? 1 : nextPart + 1
    log.append(.seen(part: number, at: edge.time, ticks: edge.ticks))
    let start = configuration.unit == .encoderTicks ? edge.ticks : edge.time
    var part = OpenPart(number: number, arrival: start &+ UInt64(configuration.travel))
    if configuration.unit == .encoderTicks, part.arrival < ticks {
      part.isOverdue = true
      log.append(.fault(.travelTooShort, at: now, ticks: ticks))
    }
    if edge.isUncertain {
      log.append(.fault(.edgeUncertain, at: now, ticks: ticks))
      giveUp(part, configuration, until: configuration.unit == .encoderTicks ? edge.latestTicks : edge.latest)
      return
    }
    guard !parts.append(part) else { return }
    log.append(.fault(.tooManyParts, at: now, ticks: ticks))
    giveUp(part, configuration)
  }

  /// Everything that has reached the gate by now.
  mutating func meetArrivals() {
    guard let configuration else { return }
    if heldUntilTick > 0, ticks >= heldUntilTick {
      heldUntilTick = 0
      heldUntil = max(heldUntil, now &+ UInt64(configuration.pulse))
    }
    while let moment = moments.first, moment.moment <= position {
      _ = moments.removeFirst()
      reach(OpenPart(number: 0, arrival: moment.moment, verdict: .reject, order: moment.order), configuration)
    }
    while let part = parts.first, part.arrival <= position {
      _ = parts.removeFirst()
      reach(part, configuration)
    }
  }

  /// Parts that can't be followed any more (the configuration that they were timed by goes): given up, and the gate held safe until they are past.
  mutating func giveUpEverything(_ old: GateConfiguration) {
    guard parts.count > 0 || moments.count > 0 else { return }
    log.append(.fault(.reconfigured, at: now, ticks: ticks))
    giveUpAll(old)
  }

  private mutating func giveUpAll(_ old: GateConfiguration) {
    while let part = parts.removeFirst() { giveUp(part, old) }
    while let moment = moments.removeFirst() { giveUp(OpenPart(number: 0, arrival: moment.moment, verdict: .reject, order: moment.order), old) }
  }

  /// Parts that move past the sensor move the encoder: no part comes or goes while it stands. Where one does, nobody knows any more where parts are.
  mutating func watchEncoder(_ edge: Debouncer.Edge) {
    guard let configuration, configuration.unit == .encoderTicks else {
      ticksOfLastEdge = nil
      return
    }
    let isMoving = ticksOfLastEdge != edge.ticks
    ticksOfLastEdge = edge.ticks
    guard !isMoving else {
      hasReportedStandstill = false
      return
    }
    if !hasReportedStandstill { log.append(.fault(.encoderStill, at: now, ticks: ticks)) }
    hasReportedStandstill = true
    giveUpAll(configuration)
    holdForWhatHasPassed()
  }

  /// What has passed the sensor by now can't be known: the gate stays safe until all of it is past.
  mutating func holdForWhatHasPassed() {
    guard let configuration else { return }
    switch configuration.unit {
    case .microseconds: heldUntil = max(heldUntil, now &+ UInt64(configuration.travel) &+ UInt64(configuration.pulse))
    case .encoderTicks: heldUntilTick = max(heldUntilTick, ticks &+ UInt64(configuration.travel))
    }
  }

  private mutating func reach(_ part: OpenPart, _ configuration: GateConfiguration) {
    if part.verdict == nil { counters.unjudged &+= 1 } else { finished.append(part.order, part: part.number) }
    var cause: GateCause = part.verdict == nil ? .unjudged : .ordered
    var position = part.verdict ?? configuration.unjudged
    if link != .armed || isHeld {
      cause = link == .armed ? .held : .silence
      position = configuration.safePosition
      // It has been reported as rejected, so the end of the hold mustn't let it pass.
      if position == .reject { pulseEnd = max(pulseEnd, now &+ UInt64(configuration.pulse)) }
    } else if position == .reject {
      pulseEnd = max(pulseEnd, now &+ UInt64(configuration.pulse))
    } else if now < pulseEnd {
      cause = .overlap
      position = .reject
    }
    // The gate moves all the same, for a part may be longer; but where it stood when the part came is what became of it.
    let isLate = configuration.unit == .microseconds ? now &- part.arrival > UInt64(configuration.pulse / 4) : part.isOverdue
    if isLate, position != stood { (position, cause) = (stood, .missed) }
    log.append(.reached(part: part.number, order: part.order, at: now, ticks: ticks, position: position, cause: cause))
  }

  /// - Parameter latest: where its edge may have come later than its arrival says, the latest of it.
  private mutating func giveUp(_ part: OpenPart, _ configuration: GateConfiguration, until latest: UInt64 = 0) {
    let arrival = max(part.arrival, latest &+ UInt64(configuration.travel))
    if part.verdict == nil { counters.unjudged &+= 1 } else { finished.append(part.order, part: part.number) }
    pulseEnd = 0
    if configuration.unit == .encoderTicks {
      heldUntilTick = max(heldUntilTick, arrival)
    } else {
      heldUntil = max(heldUntil, arrival &+ UInt64(configuration.pulse))
    }
    log.append(
      .reached(part: part.number, order: part.order, at: now, ticks: ticks, position: configuration.safePosition, cause: .held))
  }
}
