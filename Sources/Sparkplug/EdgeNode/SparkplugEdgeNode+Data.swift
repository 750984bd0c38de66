public import Pipelines

extension SparkplugEdgeNode {
  /// Samples that one message of stored data may hold, and what their metrics may take in it.
  static let largestBatch = (samples: 64, byteCount: 64 << 10)

  /// A sample just acquired. Of its metrics those are published whose values differ from what hosts hold (report by exception). One
  /// older than live data of the same device before it can't be what is true now: it goes out whole, marked as historical.
  ///
  /// - Returns: what to publish, or `.store` where it may not go out yet; from a first `.store` on there is a backlog, and live
  ///   samples are answered so until `backlogDrained`, that nothing overtakes what is older.
  /// - Throws: `.unknownDevice`, `.unknownMetric`.
  public mutating func publish(live sample: SparkplugSample, at now: WallTime) throws(SparkplugError) -> SparkplugDelivery {
    let place = try place(of: sample.device), timestamp = sample.capturedAt.sparkplugMilliseconds
    try self[place].check(sample.metrics)
    self[place].forgetTimes(after: max(now.sparkplugMilliseconds, timestamp))
    self[place].learn(sample.metrics, at: timestamp)
    guard mayPublishLiveData else {
      hasBacklog = true
      return .store
    }
    guard timestamp >= self[place].toldUntil else { return .publish(try publish(stored: [sample], at: now)) }
    let changes = self[place].changes(sample.metrics, at: timestamp)
    return .publish(changes.isEmpty ? [] : [message(changes, of: sample.device, at: now)])
  }

  /// Samples from the store, whole and marked as historical, the oldest first whatever their order here; many go into one message.
  /// Metrics that the device's present birth doesn't define are left out.
  ///
  /// - Throws: `.notInSession` or `.unknownDevice`, and then nothing was made of them: keep them.
  public mutating func publish(stored samples: [SparkplugSample], at now: WallTime) throws(SparkplugError) -> [SparkplugMessage] {
    guard mayPublishData else {
      throw SparkplugError(.notInSession, "stored data must wait for a connection and its births, and for the primary host if there is one")
    }
    for sample in samples { _ = try place(of: sample.device) }
    var messages: [SparkplugMessage] = []
    var batch = HistoryBatch()
    for sample in Self.oldestFirst(samples) {
      let metrics = self[try place(of: sample.device)].history(sample.metrics, at: sample.capturedAt.sparkplugMilliseconds)
      guard !metrics.isEmpty else { continue }
      if !batch.takes(metrics, of: sample.device) {
        messages.append(message(batch.metrics, of: batch.device, at: now))
        batch = HistoryBatch()
      }
      batch.append(metrics, of: sample.device)
    }
    if !batch.metrics.isEmpty { messages.append(message(batch.metrics, of: batch.device, at: now)) }
    return messages
  }

  /// The caller stored samples of its own accord, as the transport refused what was to be published: live ones queue behind them.
  public mutating func backlogBegan() {
    hasBacklog = true
  }

  /// The store is empty: live samples may go out again. Call it only where no sample can be stored between the look and the call.
  public mutating func backlogDrained() {
    hasBacklog = false
  }

  /// Of equal times the first stays first.
  private static func oldestFirst(_ samples: [SparkplugSample]) -> [SparkplugSample] {
    samples.enumerated().sorted { ($0.element.capturedAt, $0.offset) < ($1.element.capturedAt, $1.offset) }.map(\.element)
  }

  private mutating func message(_ metrics: [SparkplugPayload.Metric], of device: String?, at now: WallTime) -> SparkplugMessage {
    let payload = SparkplugPayload(timestamp: now.sparkplugMilliseconds, metrics: metrics, sequence: takeSequence())
    return SparkplugMessage(topic: device.map { identity.topic(.data, $0) } ?? identity.topic(.data), payload: payload)
  }

  /// Where the metrics of a device stand, which must be alive; nil for the node's own.
  private func place(of device: String?) throws(SparkplugError) -> Int? {
    guard let device else { return nil }
    guard let index = devices.firstIndex(where: { $0.id == device && $0.isAlive }) else {
      throw SparkplugError(.unknownDevice, "there is no device ‘\(device)’, or it is dead; it must be born before it tells data")
    }
    return index
  }

  private subscript(place: Int?) -> MetricRegister {
    get { if let place { devices[place].metrics } else { node } }
    set { if let place { devices[place].metrics = newValue } else { node = newValue } }
  }
}

/// Stored samples of one device that share a message. Two values of one metric may, if their timestamps differ.
private struct HistoryBatch {
  private(set) var metrics: [SparkplugPayload.Metric] = []
  private(set) var device: String?
  private var sampleCount = 0
  private var byteCount = 0
  private var lastTimestamp: UInt64?

  func takes(_ more: [SparkplugPayload.Metric], of device: String?) -> Bool {
    guard sampleCount > 0 else { return true }
    return device == self.device && sampleCount < SparkplugEdgeNode.largestBatch.samples && lastTimestamp != more.first?.timestamp
      && byteCount + Self.size(more) <= SparkplugEdgeNode.largestBatch.byteCount
  }

  mutating func append(_ more: [SparkplugPayload.Metric], of device: String?) {
    self.device = device
    metrics += more
    sampleCount += 1
    byteCount += Self.size(more)
    lastTimestamp = more.first?.timestamp
  }

  private static func size(_ metrics: [SparkplugPayload.Metric]) -> Int {
    metrics.reduce(0) { $0 + $1.encoded().count + 3 }
  }
}
