public import Pipelines

extension SparkplugEdgeNode {
  /// A message came for one of the subscriptions. Whoever may publish at the broker may have written it: what isn't as it must be
  /// is answered by `.ignored`.
  public mutating func receive(topic: String, payload: [UInt8], at now: WallTime) -> [SparkplugAction] {
    do throws(SparkplugError) {
      if topic == identity.topic(.command) { return try obey(SparkplugPayload(payload), at: now) }
      if let primaryHost, topic == SparkplugTopic.state(ofHost: primaryHost) { return try heed(HostState(payload), at: now) }
      throw SparkplugError(.unexpectedTopic, "nothing is known of the topic ‘\(topic)’")
    } catch {
      return [.ignored(error)]
    }
  }

  /// The one command there is: `Node Control/Rebirth`, true. It comes by its name, as it has no alias; other metrics can't be written
  /// to and are passed over. Asked for before the session's births it needs no answer: they are yet to come.
  private mutating func obey(_ command: SparkplugPayload, at now: WallTime) throws(SparkplugError) -> [SparkplugAction] {
    let asksForBirths = command.metrics.contains { $0.name == OwnMetric.rebirth && !$0.isNull && $0.value == .boolean(true) }
    guard asksForBirths else {
      throw SparkplugError(.unknownCommand, "a command asks for something other than births, which is all that this edge node does")
    }
    return rebirth(at: now).map { .publish($0) }
  }

  /// The primary host's word, unless an older one arrived late: its will may come after the birth of its next connection. Online
  /// counts unless older than any STATE before, offline unless older than the last online.
  private mutating func heed(_ state: HostState, at now: WallTime) throws(SparkplugError) -> [SparkplugAction] {
    if let newest = state.isOnline ? lastState : lastOnlineState, state.timestamp < newest {
      throw SparkplugError(
        .staleState, "a STATE message of time \(state.timestamp) is older than one of \(newest) before it; should it go on, check the host's clock")
    }
    lastState = max(lastState ?? 0, state.timestamp)
    if state.isOnline { lastOnlineState = state.timestamp }
    guard phase != .disconnected else { return [] }
    hostPresence = state.isOnline ? .online : .offline
    switch (phase, hostPresence) {
    case (.waitingForHost, .online): return beginSession(at: now)
    case (.inSession, .offline): return leave(at: now)
    default: return []
    }
  }

  /// Without its primary host the edge node dies in public and begins again with a new connection, where it waits.
  private mutating func leave(at now: WallTime) -> [SparkplugAction] {
    finish(at: now).map { .publish($0) } + [.reconnect]
  }
}
