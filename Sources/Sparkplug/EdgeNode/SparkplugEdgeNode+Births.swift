import Pipelines

extension SparkplugEdgeNode {
  /// The first births on a connection; from then on data may follow.
  mutating func beginSession(at now: WallTime) -> [SparkplugAction] {
    phase = .inSession
    return birthMessages(at: now).map { .publish($0) }
  }

  /// The NBIRTH, sequence 0, then a DBIRTH for every device that is alive, with nothing between them.
  mutating func birthMessages(at now: WallTime) -> [SparkplugMessage] {
    nextSequence = 0
    var messages = [nodeBirth(at: now)]
    for index in devices.indices where devices[index].isAlive { messages.append(deviceBirth(index, at: now)) }
    return messages
  }

  private mutating func nodeBirth(at now: WallTime) -> SparkplugMessage {
    var own = birthDeathMetric(at: now)
    own.alias = aliases.alias(of: OwnMetric.birthDeathSequence, in: nil)
    // A host that has just come must be able to ask for births before it knows any alias: this metric has none.
    let rebirth = SparkplugPayload.Metric(
      name: OwnMetric.rebirth, timestamp: now.sparkplugMilliseconds, dataType: SparkplugDataType.boolean.rawValue, value: .boolean(false))
    let payload = SparkplugPayload(
      timestamp: now.sparkplugMilliseconds, metrics: [own, rebirth] + node.birth(), sequence: takeSequence())
    return SparkplugMessage(topic: identity.topic(.birth), payload: payload)
  }

  mutating func deviceBirth(_ index: Int, at now: WallTime) -> SparkplugMessage {
    let payload = SparkplugPayload(
      timestamp: now.sparkplugMilliseconds, metrics: devices[index].metrics.birth(), sequence: takeSequence())
    return SparkplugMessage(topic: identity.topic(.birth, devices[index].id), payload: payload)
  }

  /// `bdSeq` as the will, the NBIRTH and the NDEATH of one connection must have it alike.
  func birthDeathMetric(at now: WallTime) -> SparkplugPayload.Metric {
    SparkplugPayload.Metric(
      name: OwnMetric.birthDeathSequence, timestamp: now.sparkplugMilliseconds, dataType: SparkplugDataType.int64.rawValue,
      value: .long(UInt64(birthDeathSequence)))
  }
}
