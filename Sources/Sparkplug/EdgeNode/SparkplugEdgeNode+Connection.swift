public import Pipelines

extension SparkplugEdgeNode {
  /// A connection attempt begins, with one CONNECT: each has a `bdSeq` of its own, so this must be called before every one, after
  /// failed ones too.
  public mutating func beginConnection(at now: WallTime) -> SparkplugConnection {
    birthDeathSequence = nextBirthDeathSequence
    nextBirthDeathSequence &+= 1
    phase = .connecting
    hostPresence = .unknown
    var subscriptions = [identity.topic(.command)]
    if let primaryHost { subscriptions.append(SparkplugTopic.state(ofHost: primaryHost)) }
    return SparkplugConnection(lastWill: death(at: now), subscriptions: subscriptions, birthDeathSequence: birthDeathSequence)
  }

  /// The broker has accepted the connection and acknowledged the subscriptions. Messages may have come before; they are remembered.
  public mutating func connectionEstablished(at now: WallTime) -> [SparkplugAction] {
    guard phase == .connecting else { return [] }
    phase = .waitingForHost
    return primaryHost == nil || hostPresence == .online ? beginSession(at: now) : []
  }

  /// The connection or the attempt ended by itself; the broker publishes the will, if it had it. Must be told before the next begins.
  public mutating func connectionLost() {
    phase = .disconnected
    hostPresence = .unknown
  }

  /// Before the agent ends the connection on purpose: the NDEATH, if there was an NBIRTH. The caller publishes it, then sends
  /// DISCONNECT with reason 0x04 (Disconnect with Will Message), which MQTT 5 edge nodes must; hosts know the second death by its `bdSeq`.
  public mutating func finish(at now: WallTime) -> [SparkplugMessage] {
    defer { connectionLost() }
    return phase == .inSession ? [death(at: now)] : []
  }

  /// All births anew, with the same `bdSeq`. For when something returned earlier could not be published, as hosts then miss a
  /// number of the sequence (what was in it the caller stores, see `backlogBegan`); nothing outside a session.
  public mutating func rebirth(at now: WallTime) -> [SparkplugMessage] {
    guard phase == .inSession else { return [] }
    return birthMessages(at: now)
  }

  /// The NDEATH of the present connection: its `bdSeq` and nothing else; at least once, without a sequence.
  func death(at now: WallTime) -> SparkplugMessage {
    let payload = SparkplugPayload(timestamp: now.sparkplugMilliseconds, metrics: [birthDeathMetric(at: now)])
    return SparkplugMessage(topic: identity.topic(.death), payload: payload, isAtLeastOnce: true)
  }
}
