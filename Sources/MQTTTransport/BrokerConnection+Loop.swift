import Glibc
import Pipelines

extension BrokerConnection {
  /// The owner thread's life: attempt after attempt until asked to stop.
  func run() {
    mutex.withLock { shared.owner = pthread_self() }
    var attempt = 0
    while !isStopRequested {
      attempt += 1
      change(to: .connecting(attempt: attempt))
      let ending = attemptSession()
      finishAll()
      if ending.connectedFor >= settings.stableAfter {
        backOff.reset()
        attempt = 0
      }
      if case .stopped = ending.cause { break }
      let delay = backOff.next()
      switch ending.cause {
      case .failed(let error): change(to: .disconnected(error, nextAttemptIn: delay))
      case .refused(let reason, let error): change(to: .refused(reason, error, nextAttemptIn: delay))
      case .stopped: break
      }
      if !isStopRequested { waitForWakeUp(delay) }
    }
    finishAll()
    change(to: .stopped)
    // Handlers often hold the connection; none is called any more.
    mutex.withLock {
      shared.subscriptions.removeAll()
      shared.stateHandlers.removeAll()
    }
  }

  private func attemptSession() -> SessionDriver.Ending {
    do {
      let driver = SessionDriver(try MosquittoSession(settings), of: self)
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

  /// Until the time is up, a stop or `reconnectNow`.
  private func waitForWakeUp(_ limit: Duration) {
    wakeUp.clear()
    // A stop between the last look and the clearing must not be slept over.
    guard !isStopRequested else { return }
    var events = pollfd(fd: wakeUp.descriptor, events: Int16(POLLIN), revents: 0)
    _ = unsafe poll(&events, 1, Int32(clamping: limit.wholeNanoseconds / 1_000_000 + 1))
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
