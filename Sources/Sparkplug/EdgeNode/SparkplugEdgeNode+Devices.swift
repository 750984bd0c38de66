public import Pipelines

extension SparkplugEdgeNode {
  /// Whether a device was born and didn't die, so that data of it can be told.
  public func isAlive(_ id: String) -> Bool {
    devices.contains { $0.id == id && $0.isAlive }
  }

  /// A device is there, with every metric it will ever tell and their present values (`.null` where there is none). Within a
  /// session this is its DBIRTH. A device that is there already may be given again: with the same metrics it is born again; with
  /// others the whole edge node is, as hosts learn new metrics by a complete sequence of births.
  ///
  /// - Throws: `.invalidIdentifier`, also when the id differs from another's by capitals only, or `.invalidMetrics`.
  public mutating func deviceBorn(_ id: String, metrics: [SparkplugMetric], at now: WallTime) throws(SparkplugError) -> [SparkplugMessage] {
    try SparkplugTopic.checkLevel(id, "device id")
    var metrics = try Self.register(metrics, of: id, at: now, &aliases)
    guard let index = devices.firstIndex(where: { $0.id.lowercased() == id.lowercased() }) else {
      devices.append(Device(id: id, isAlive: true, metrics: metrics))
      return phase == .inSession ? [deviceBirth(devices.count - 1, at: now)] : []
    }
    guard devices[index].id == id else {
      throw SparkplugError(.invalidIdentifier, "the device ids ‘\(id)’ and ‘\(devices[index].id)’ differ by capitals only; rename one of them")
    }
    let changesMetrics = devices[index].isAlive && !devices[index].metrics.defines(sameAs: metrics)
    metrics.follow(devices[index].metrics)
    devices[index].metrics = metrics
    devices[index].isAlive = true
    guard phase == .inSession else { return [] }
    return changesMetrics ? birthMessages(at: now) : [deviceBirth(index, at: now)]
  }

  /// A device can tell nothing more for now. Within a session this is its DDEATH; it isn't born again before `deviceBorn`.
  public mutating func deviceDied(_ id: String, at now: WallTime) -> [SparkplugMessage] {
    guard let index = devices.firstIndex(where: { $0.id == id && $0.isAlive }) else { return [] }
    devices[index].isAlive = false
    guard phase == .inSession else { return [] }
    let payload = SparkplugPayload(timestamp: now.sparkplugMilliseconds, sequence: takeSequence())
    return [SparkplugMessage(topic: identity.topic(.death, id), payload: payload)]
  }

  /// The node's own metrics are others from now on; within a session everything is born again.
  ///
  /// - Throws: `.invalidMetrics`.
  public mutating func nodeMetricsChanged(_ metrics: [SparkplugMetric], at now: WallTime) throws(SparkplugError) -> [SparkplugMessage] {
    var metrics = try Self.register(metrics, of: nil, at: now, &aliases)
    metrics.follow(node)
    node = metrics
    return rebirth(at: now)
  }
}
