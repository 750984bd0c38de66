import MQTTTransport
import Pipelines

// Replies; all of it on the desk's own thread. One is under way at a time, so that a flood of commands doesn't take the results' place.
extension CommandDesk {
  private final class Slot: @unchecked Sendable {
    var outcome: DeliveryOutcome?
  }

  private enum Attempt {
    /// The broker has it, or never will.
    case settled
    case notConnected
    /// Nothing tells when there is room again.
    case noRoom
  }

  /// How long a reply is tried that can't be given later.
  private static let lastTry = Duration.seconds(2)

  /// Until the broker has the reply, over as many connections as it takes.
  func deliver(_ reply: CommandReply, to item: Waiting) {
    let message = Self.message(reply, to: item)
    while let attachment = attachment(to: item.place, isConnected: true) {
      switch tell(message, on: attachment.connection) {
      case .settled: return
      case .notConnected: break
      case .noRoom: pause(.milliseconds(100))
      }
    }
  }

  /// What a connection that is about to end can still take.
  func deliverOnce(_ reply: CommandReply, to item: Waiting) {
    guard let connection = mutex.withLock({ attached?.connection }) else { return }
    _ = tell(Self.message(reply, to: item), on: connection, until: MonotonicClock.now().advanced(by: Self.lastTry))
  }

  private static func message(_ reply: CommandReply, to item: Waiting) -> OutgoingMessage {
    OutgoingMessage(
      topic: "\(item.place.topicRoot)/command/reply", payload: reply.encoded(), contentType: "application/json", correlationData: item.correlationData)
  }

  /// Waits for a connection, while one configuration follows another.
  ///
  /// - Returns: nil once closed, or where replies have no way to that place any more.
  func attachment(to place: Place, isConnected: Bool = false) -> Attachment? {
    mutex.lock()
    defer { mutex.unlock() }
    while !isClosed {
      if let attached {
        guard attached.place == place else { return nil }
        if !isConnected || attached.connection.state.isConnected { return attached }
      }
      changed.wait(with: mutex)
    }
    return nil
  }

  private func tell(_ message: OutgoingMessage, on connection: BrokerConnection, until deadline: MonotonicInstant? = nil) -> Attempt {
    let slot = Slot()
    do throws(MQTTTransportError) {
      try connection.publish(message) { [weak self] outcome in self?.note { slot.outcome = outcome } }
    } catch {
      switch error.code {
      case .notConnected: return .notConnected
      case .windowFull: return .noRoom
      default:
        log.log(.error, "the reply to a command can't be sent: \(error.message)", subject: "unsent reply")
        return .settled
      }
    }
    switch outcome(in: slot, until: deadline) {
    case .acknowledged, nil: return .settled
    case .lost: return .notConnected
    case .refused(let reason):
      log.log(.warning, "the broker refuses replies on \(message.topic) \(reason); check its access list", subject: "refused \(message.topic)")
      return .settled
    }
  }

  /// - Returns: nil at the deadline.
  private func outcome(in slot: Slot, until deadline: MonotonicInstant?) -> DeliveryOutcome? {
    mutex.lock()
    defer { mutex.unlock() }
    while slot.outcome == nil {
      guard changed.wait(with: mutex, until: deadline) else { break }
    }
    return slot.outcome
  }

  func pause(_ duration: Duration) {
    let deadline = MonotonicClock.now().advanced(by: duration)
    mutex.lock()
    defer { mutex.unlock() }
    while !isClosed, changed.wait(with: mutex, until: deadline) {}
  }
}
