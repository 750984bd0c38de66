import Glibc
import Pipelines

extension BrokerConnection {
  /// The owner thread's life: attempt after attempt until asked to stop.
  func run() {
    mutex.withLock { shared.owner = pthread_self() }
    let addresses = [settings.address] + settings.fallbacks
    var attempt = 0
    // Of the addresses.
    var position = 0
    while !isStopRequested {
      attempt += 1
      change(to: .connecting(attempt: attempt))
      let ending = attemptSession(addresses[position])
      finishAll()
      if case .stopped = ending.cause { break }
      if ending.connectedFor >= settings.stableAfter {
        backOff.reset()
        attempt = 0
      }
      switch ending.cause {
      case .returning: position = 0
      case .restarting: break
      default:
        // A connection that held is sought at the primary first, as is every one after the last address.
        position = ending.connectedFor >= settings.stableAfter ? 0 : (position + 1) % addresses.count
        pause(after: ending.cause, position == 0 ? backOff.next() : backOff.shortest())
      }
    }
    finishAll()
    change(to: .stopped)
    // Handlers often hold the connection; none is called any more.
    mutex.withLock {
      shared.subscriptions.removeAll()
      shared.stateHandlers.removeAll()
      shared.attemptHandler = nil
    }
  }

  private func pause(after cause: SessionDriver.Cause, _ delay: Duration) {
    switch cause {
    case .failed(let error): change(to: .disconnected(error, nextAttemptIn: delay))
    case .refused(let reason, let error): change(to: .refused(reason, error, nextAttemptIn: delay))
    case .returning, .restarting, .stopped: break
    }
    if !isStopRequested { waitForWakeUp(delay, orForTheTime: cause.mayBeTheClock) }
  }

  private func attemptSession(_ address: BrokerAddress) -> SessionDriver.Ending {
    let attemptHandler = mutex.withLock {
      shared.address = address
      shared.restart = nil
      return shared.attemptHandler
    }
    do {
      var attempt = settings.trying(address)
      if let attemptHandler { attempt.lastWill = attemptHandler() }
      let driver = SessionDriver(try MosquittoSession(attempt), of: self)
      return driver.run()
    } catch {
      return SessionDriver.Ending(cause: .failed(error), connectedFor: .zero)
    }
  }

  var isStopRequested: Bool {
    mutex.withLock { shared.stop != nil }
  }

  func change(to state: BrokerState) {
    let handlers = mutex.withLock {
      shared.state = state
      if state.isConnected { shared.counters.connections += 1 }
      return shared.stateHandlers
    }
    for handler in handlers { handler(state) }
  }

  /// Until the time is up, a stop or `reconnectNow`; if asked for, also until somebody sets the clock.
  private func waitForWakeUp(_ limit: Duration, orForTheTime waitsForTime: Bool) {
    wakeUp.clear()
    // A stop between the last look and the clearing must not be slept over.
    guard !isStopRequested else { return }
    let clock = waitsForTime ? ClockChange() : nil
    var events = [wakeUp.descriptor, clock?.descriptor ?? -1].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    withExtendedLifetime(clock) { _ = unsafe poll(&events, 2, Int32(clamping: limit.wholeNanoseconds / 1_000_000 + 1)) }
  }

  /// Reports what is queued or in flight as lost; the next connection begins with an empty window.
  private func finishAll() {
    let queued = mutex.withLock { () -> [Publication] in
      // No longer connected, so that nothing is accepted between this and the next state.
      if shared.state.isConnected { shared.state = .connecting(attempt: 0) }
      defer { shared.queue.removeAll() }
      shared.pending = (0, 0)
      shared.counters.lost += UInt64(shared.queue.count + inFlight.count)
      for index in shared.subscriptions.indices { shared.subscriptions[index].isRequested = false }
      shared.abandonedFilters.removeAll()
      return shared.queue
    }
    let sent = inFlight.sorted { $0.key < $1.key }.map(\.value)
    inFlight.removeAll()
    subscriptionPackets.removeAll()
    for publication in sent + queued { publication.completion?(.lost) }
  }
}

extension SessionDriver.Cause {
  /// Whether another time of day might mend it: a certificate that isn't valid yet.
  var mayBeTheClock: Bool {
    if case .failed(let error) = self { error.code == .tls } else { false }
  }
}
