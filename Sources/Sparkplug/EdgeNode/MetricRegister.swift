/// The metrics of one birth, with what is known of each and what the hosts hold for true.
struct MetricRegister: Sendable {
  struct Entry: Sendable {
    let name: String
    let dataType: SparkplugDataType
    let isTransient: Bool
    let alias: UInt64
    /// The newest value there is, for the next birth.
    var value: SparkplugValue
    /// When that was acquired, in milliseconds.
    var timestamp: UInt64
    /// The same, if a sample told it: 0 for what came with the definition.
    var learnedAt: UInt64 = 0
    /// What the last birth or live data told; nil while nothing was told.
    var reported: SparkplugValue?
  }

  private(set) var entries: [Entry] = []
  private var indices: [String: Int] = [:]
  /// The time of the newest sample that a birth or live data told, in milliseconds.
  private(set) var toldUntil: UInt64 = 0

  /// - Throws: `.invalidMetrics` for a name that is empty, too long, or there already, be it in other capitals.
  init(_ metrics: [SparkplugMetric], at timestamp: UInt64, alias: (String) -> UInt64) throws(SparkplugError) {
    var folded: Set<String> = []
    for metric in metrics {
      guard (1...1024).contains(metric.name.utf8.count) else {
        throw SparkplugError(.invalidMetrics, "‘\(metric.name)’ is no name for a metric; expected 1 to 1024 bytes")
      }
      guard folded.insert(metric.name.lowercased()).inserted else {
        throw SparkplugError(.invalidMetrics, "a metric ‘\(metric.name)’ is there already; names must differ by more than capitals")
      }
      indices[metric.name] = entries.count
      entries.append(
        Entry(
          name: metric.name, dataType: metric.value.dataType, isTransient: metric.isTransient, alias: alias(metric.name), value: metric.value,
          timestamp: timestamp))
    }
  }

  /// Whether a birth of the other would define the same metrics.
  func defines(sameAs other: Self) -> Bool {
    entries.count == other.entries.count
      && zip(entries, other.entries).allSatisfy { $0.name == $1.name && $0.dataType == $1.dataType && $0.isTransient == $1.isTransient }
  }

  /// - Throws: `.unknownMetric` for a name or type that isn't the birth's.
  func check(_ metrics: [SparkplugMetric]) throws(SparkplugError) {
    for metric in metrics {
      guard let index = indices[metric.name], entries[index].dataType == metric.value.dataType else {
        throw SparkplugError(
          .unknownMetric, "the birth names no metric ‘\(metric.name)’ of type \(metric.value.dataType); give all metrics at the birth")
      }
    }
  }

  /// Remembers how far an earlier definition of the same metrics had told.
  mutating func follow(_ earlier: Self) {
    toldUntil = max(toldUntil, earlier.toldUntil)
  }

  /// Forgets the times of earlier samples where they lie after the present: the clock was set back since, and who kept to them would
  /// take all that comes for old, perhaps for ever.
  mutating func forgetTimes(after now: UInt64) {
    guard max(toldUntil, entries.map(\.learnedAt).max() ?? 0) > now else { return }
    toldUntil = 0
    for index in entries.indices { entries[index].learnedAt = 0 }
  }

  /// Takes over values that are no older than what is known.
  mutating func learn(_ metrics: [SparkplugMetric], at timestamp: UInt64) {
    for metric in metrics {
      guard let index = indices[metric.name], entries[index].learnedAt <= timestamp else { continue }
      entries[index].value = metric.value
      entries[index].timestamp = timestamp
      entries[index].learnedAt = timestamp
    }
  }

  /// Every metric with name, alias, type and its newest value, which counts as told from now on.
  mutating func birth() -> [SparkplugPayload.Metric] {
    for index in entries.indices {
      entries[index].reported = entries[index].value
      toldUntil = max(toldUntil, entries[index].learnedAt)
    }
    return entries.map { entry in
      var metric = SparkplugPayload.Metric(
        name: entry.name, alias: entry.alias, timestamp: entry.timestamp, dataType: entry.dataType.rawValue, value: entry.value.onTheWire)
      metric.isTransient = entry.isTransient
      metric.isNull = entry.value.isNull
      return metric
    }
  }

  /// Those of the metrics that differ from what was told; they count as told from now on.
  mutating func changes(_ metrics: [SparkplugMetric], at timestamp: UInt64) -> [SparkplugPayload.Metric] {
    toldUntil = max(toldUntil, timestamp)
    var changed: [SparkplugPayload.Metric] = []
    for metric in metrics {
      guard let index = indices[metric.name], entries[index].reported != metric.value else { continue }
      entries[index].reported = metric.value
      changed.append(data(metric, entries[index], at: timestamp))
    }
    return changed
  }

  /// Stored values as data; what the birth doesn't define is left out, as it could not be understood.
  func history(_ metrics: [SparkplugMetric], at timestamp: UInt64) -> [SparkplugPayload.Metric] {
    metrics.compactMap { metric in
      guard let index = indices[metric.name], entries[index].dataType == metric.value.dataType else { return nil }
      var told = data(metric, entries[index], at: timestamp)
      told.isHistorical = true
      return told
    }
  }

  /// Data carries the alias in place of the name, and no type.
  private func data(_ metric: SparkplugMetric, _ entry: Entry, at timestamp: UInt64) -> SparkplugPayload.Metric {
    var told = SparkplugPayload.Metric(alias: entry.alias, timestamp: timestamp, value: metric.value.onTheWire)
    told.isTransient = entry.isTransient
    told.isNull = metric.value.isNull
    return told
  }
}
