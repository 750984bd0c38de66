import CMosquitto
import Glibc
import Pipelines

/// Drives one session from the first packet to its end, by `poll`, on the connection's thread.
final class SessionDriver {
  enum Cause {
    case failed(MQTTTransportError)
    case refused(ReasonCode, MQTTTransportError)
    /// The primary broker is there again.
    case returning
    /// As somebody asked for.
    case restarting
    case stopped
  }

  struct Ending {
    var cause: Cause
    var connectedFor: Duration
  }

  private enum Phase {
    /// The network hasn't answered yet.
    case reaching
    /// TLS, then CONNECT, and no answer yet.
    case negotiating
    case connected
    /// DISCONNECT is queued; only its writing is waited for.
    case leaving
  }

  let session: MosquittoSession
  private let connection: BrokerConnection
  private let settings: BrokerSettings
  /// On a fallback: looks for the primary broker.
  private var search: BrokerSearch?
  private var nextSearch: MonotonicInstant?
  private var phase = Phase.reaching
  private var deadline: MonotonicInstant
  private var connectedAt: MonotonicInstant?
  private var nextTick = MonotonicClock.now()
  private var droppedBefore: UInt64 = 0
  /// Bytes received when a packet last came whole.
  private var receivedWhole: UInt64 = 0
  private var ending: Cause?

  init(_ session: MosquittoSession, of connection: BrokerConnection) {
    self.session = session
    self.connection = connection
    settings = session.settings
    deadline = MonotonicClock.now().advanced(by: settings.connectTimeout)
  }

  func run() -> Ending {
    do {
      try session.connect()
      while ending == nil { try step() }
    } catch {
      // What the library reported before it failed (the broker's refusal, say) is the better explanation.
      handleEvents()
      if ending == nil { ending = .failed(describe(error)) }
    }
    if phase == .leaving { ending = .stopped }
    return Ending(cause: ending ?? .stopped, connectedFor: connectedAt?.duration(to: MonotonicClock.now()) ?? .zero)
  }

  /// Waits for the next event and handles it.
  private func step() throws(MosquittoSession.Failure) {
    handleEvents()
    obeyStop()
    if phase == .connected {
      try sendAccepted()
      lookForPrimary()
      obeyRestart()
    }
    guard ending == nil else { return }
    handleEvents()
    let now = MonotonicClock.now()
    if phase != .connected && now >= deadline {
      ending = phase == .leaving ? .stopped : .failed(timeout)
      return
    }
    let found = wait(until: min(phase == .connected ? nextTick : deadline, nextTick))
    if phase == .reaching {
      try checkReached(found)
    } else {
      try transfer(found)
    }
    if MonotonicClock.now() >= nextTick {
      nextTick = MonotonicClock.now().advanced(by: .seconds(1))
      if phase == .connected { try session.tick() }
    }
    countDropped()
  }

  /// - Returns: the socket's events.
  private func wait(until instant: MonotonicInstant) -> Int32 {
    var wanted = POLLIN | Self.peerClosed
    if phase == .reaching || session.wantsToWrite { wanted |= POLLOUT }
    let events: [pollfd] = [
      pollfd(fd: session.descriptor, events: Int16(wanted), revents: 0), pollfd(fd: connection.wakeUp.descriptor, events: Int16(POLLIN), revents: 0),
    ]
    var answered = events
    let left = MonotonicClock.now().duration(to: drainDeadline.map { min($0, instant) } ?? instant)
    let milliseconds = max(0, left.wholeNanoseconds / 1_000_000 + 1)
    guard unsafe poll(&answered, 2, Int32(clamping: milliseconds)) > 0 else { return 0 }
    if answered[1].revents != 0 { connection.wakeUp.clear() }
    return Int32(answered[0].revents)
  }

  /// Linux’s POLLRDHUP, which headers show only to GNU sources.
  private static let peerClosed: Int32 = 0x2000

  /// After the network's answer to a connect that wasn't waited for.
  private func checkReached(_ found: Int32) throws(MosquittoSession.Failure) {
    guard found != 0 else { return }
    var status: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    unsafe getsockopt(session.descriptor, SOL_SOCKET, SO_ERROR, &status, &length)
    guard status == 0 else {
      ending = .failed(MosquittoSession.unreachable(settings.address, status))
      return
    }
    phase = .negotiating
    // With TLS, reading drives the handshake; without, CONNECT waits to be written.
    if settings.address.usesTLS { try session.read() }
    if session.wantsToWrite { try session.write() }
  }

  private func transfer(_ found: Int32) throws(MosquittoSession.Failure) {
    let hangUp = POLLHUP | POLLERR | Self.peerClosed
    let isTLSUnsettled = settings.address.usesTLS && phase == .negotiating
    if found & (POLLIN | hangUp) != 0 || (found & POLLOUT != 0 && isTLSUnsettled) { try read() }
    if session.descriptor >= 0, session.wantsToWrite, found & POLLOUT != 0 || isTLSUnsettled { try session.write() }
    handleEvents()
    guard ending == nil else { return }
    if session.descriptor < 0 {
      ending = phase == .leaving ? .stopped : .failed(describe(.init(status: Int32(MOSQ_ERR_CONN_LOST.rawValue), systemError: 0)))
    } else if found & hangUp != 0, phase == .negotiating, isDeaf {
      // libmosquitto takes an end of stream within the handshake for progress, and would be called again without end.
      ending = .failed(describe(.init(status: Int32(MOSQ_ERR_CONN_LOST.rawValue), systemError: 0)))
    }
  }

  /// libmosquitto would gather a packet of up to 256 MB, whatever limit the broker was told.
  private func read() throws(MosquittoSession.Failure) {
    let packets = session.inbox.packets
    try session.read()
    let received = bytesReceived
    if session.inbox.packets != packets { receivedWhole = received }
    guard received > receivedWhole, received - receivedWhole > UInt64(settings.incomingLimit + 262_144) else { return }
    ending = .failed(
      MQTTTransportError(.protocolViolation, "\(settings.address) sends a packet of more than \(settings.incomingLimit) bytes, which it was asked not to"))
  }

  /// What the kernel has received on this connection; 0 where it doesn't tell.
  private var bytesReceived: UInt64 {
    // Linux’s struct tcp_info, of which glibc declares only the beginning: tcpi_bytes_received is its 64 bits at 128.
    var information = [UInt64](repeating: 0, count: 17)
    var length = socklen_t(information.count * 8)
    guard unsafe getsockopt(session.descriptor, Int32(IPPROTO_TCP), TCP_INFO, &information, &length) == 0, length >= 136 else { return 0 }
    return information[16]
  }

  /// True when the other side has closed and nothing of it is left to read.
  private var isDeaf: Bool {
    var byte: UInt8 = 0
    let count = unsafe recv(session.descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT))
    return count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)
  }

  private var timeout: MQTTTransportError {
    let limit = settings.connectTimeout.components.seconds
    if phase == .reaching {
      return MQTTTransportError(.unreachable, "\(settings.address) doesn't answer (waited \(limit) s); check the network and mqtt: url")
    }
    return MQTTTransportError(
      .unreachable, "\(settings.address) accepts connections but doesn't answer as a broker (waited \(limit) s)\(MosquittoSession.tlsHint(settings.address))")
  }

  private func describe(_ failure: MosquittoSession.Failure) -> MQTTTransportError {
    session.error(failure, connected: connectedAt != nil, address: settings.address, tls: settings.tls)
  }
}

// MARK: - Events

extension SessionDriver {
  private func handleEvents() {
    for event in session.inbox.takeEvents() {
      switch event {
      case .answered(let reason): handleAnswer(reason)
      case .ended(let reason): handleEnd(reason)
      case .acknowledged(let packet, let reason): connection.finish(packet, reason)
      case .subscribed(let packet, let reasons):
        let outcome = reasons.first.map { $0.isFailure ? SubscriptionOutcome.refused($0) : .granted } ?? .refused(.unspecified)
        connection.subscriptionPackets.removeValue(forKey: packet)?(outcome)
      case .message(let message): connection.deliver(message)
      }
    }
  }

  private func handleAnswer(_ reason: Int32) {
    guard phase == .negotiating || phase == .reaching else {
      ending = .failed(MQTTTransportError(.protocolViolation, "\(settings.address) answered twice to one connection; check that it is an MQTT broker"))
      return
    }
    guard reason == 0 else {
      let code = ReasonCode(connectionAnswer: reason)
      ending = .refused(code, MQTTTransportError(.refused, "the broker at \(settings.address) refused the connection \(code)"))
      return
    }
    phase = .connected
    let now = MonotonicClock.now()
    connectedAt = now
    if settings.address != connection.settings.address { nextSearch = now.advanced(by: settings.returnInterval) }
    connection.change(to: .connected(since: now))
  }

  private func handleEnd(_ reason: Int32) {
    guard ending == nil, phase == .connected, reason >= 0x80 else { return }
    let code = ReasonCode(rawValue: UInt8(truncatingIfNeeded: reason))
    let which = code == .sessionTakenOver ? " (this one is ‘\(settings.clientID)’)" : ""
    ending = .failed(MQTTTransportError(.connectionLost, "the broker at \(settings.address) ended the connection \(code)\(which)"))
  }

  private func countDropped() {
    let dropped = session.inbox.refusedMessages
    guard dropped != droppedBefore else { return }
    connection.mutex.withLock { connection.shared.counters.dropped += dropped - droppedBefore }
    droppedBefore = dropped
  }
}

// MARK: - Sending and stopping

extension SessionDriver {
  private func leave(sendingWill: Bool, _ cause: Cause) {
    session.disconnect(sendingWill: sendingWill)
    // What the socket doesn't take at once is not waited for.
    for _ in 0..<64 where session.descriptor >= 0 && session.wantsToWrite { try? session.write() }
    ending = cause
  }

  private func obeyRestart() {
    guard ending == nil else { return }
    let (request, pending) = connection.mutex.withLock { (connection.shared.restart, connection.shared.pending.messages) }
    guard let request, pending == 0 || MonotonicClock.now() >= request.drainUntil else { return }
    leave(sendingWill: request.sendsWill, .restarting)
  }

  /// The fallback publishes the last will: to whoever listens there, this client is gone.
  private func lookForPrimary() {
    if search?.isFound == true { return leave(sendingWill: true, .returning) }
    guard let due = nextSearch, MonotonicClock.now() >= due else { return }
    nextSearch = MonotonicClock.now().advanced(by: settings.returnInterval)
    search = BrokerSearch(connection.settings.address) { [connection] in connection.wakeUp.signal() }
  }

  private var drainDeadline: MonotonicInstant? {
    phase == .leaving ? nil : connection.mutex.withLock { [connection.shared.stop, connection.shared.restart].compactMap { $0?.drainUntil }.min() }
  }

  /// When asked to stop: says good-bye once nothing is pending or the time for it is up.
  private func obeyStop() {
    guard phase != .leaving else {
      if session.descriptor < 0 { ending = .stopped }
      return
    }
    let (request, pending) = connection.mutex.withLock { (connection.shared.stop, connection.shared.pending.messages) }
    guard let request else { return }
    guard phase == .connected else {
      ending = .stopped
      return
    }
    guard pending == 0 || MonotonicClock.now() >= request.drainUntil else { return }
    session.disconnect(sendingWill: request.sendsWill)
    phase = .leaving
    deadline = MonotonicClock.now().advanced(by: .seconds(1))
    if session.descriptor < 0 { ending = .stopped }
  }

  private func sendAccepted() throws(MosquittoSession.Failure) {
    try connection.renewSubscriptions(on: session)
    while case let queued = connection.takeQueued(), !queued.isEmpty {
      for (index, publication) in queued.enumerated() {
        do {
          try connection.send(publication, on: session)
        } catch {
          // Too large for this broker is the message's fault, anything else the connection's.
          guard error.status == MOSQ_ERR_OVERSIZE_PACKET.rawValue || error.status == MOSQ_ERR_PAYLOAD_SIZE.rawValue else {
            for unsent in queued[index...] { connection.finish(unsent, .lost) }
            throw error
          }
          connection.finish(publication, .refused(.packetTooLarge))
        }
      }
    }
  }
}
