public import Pipelines

/// A Sparkplug B 3.0 edge node without its network: what happens goes in by methods, what to publish comes out as values. It holds
/// no lock and keeps no time; all calls must come from one thread, or under one lock, and what they return must be published in
/// the order in which it was returned, whole. Where that can't be done, `rebirth` mends it.
///
/// A connection's course: `beginConnection` before each attempt; its will into CONNECT; its subscriptions; `connectionEstablished`;
/// what comes in to `receive`; at its end `connectionLost`, or `finish` before a wanted one.
///
/// Source: Eclipse Sparkplug 3.0.0 (2022-11-16). `docs/sparkplug.md` names the statements kept, and those not.
public struct SparkplugEdgeNode: Sendable {
  /// Where the edge node stands towards the broker.
  public enum Phase: Sendable, Equatable {
    case disconnected
    /// An attempt is under way, with the will of `beginConnection`.
    case connecting
    /// Connected; births wait until the primary host says that it is online.
    case waitingForHost
    /// The births are out: data may follow.
    case inSession
  }

  /// What the primary host last said on the present connection.
  public enum HostPresence: Sendable, Equatable {
    case unknown
    case online
    case offline
  }

  struct Device: Sendable {
    let id: String
    var isAlive: Bool
    var metrics: MetricRegister
  }

  public let identity: SparkplugIdentity
  /// The host without which nothing is published; nil publishes whenever there is a connection.
  public let primaryHost: String?
  public internal(set) var phase = Phase.disconnected
  public internal(set) var hostPresence = HostPresence.unknown
  /// What the next connection will use: 0 at first, one more for each, and 0 after 255. Who keeps it across restarts gives it to `init`.
  public internal(set) var nextBirthDeathSequence: UInt8
  /// Whether stored samples wait, so that live ones must queue behind them.
  public internal(set) var hasBacklog: Bool

  /// The present connection's, or the last one's.
  var birthDeathSequence: UInt8 = 0
  var nextSequence: UInt8 = 0
  /// Timestamps of the last STATE that counted, and of the last that said online.
  var lastState: UInt64?
  var lastOnlineState: UInt64?
  var node: MetricRegister
  /// In the order of their first births.
  var devices: [Device] = []
  var aliases = AliasTable()

  /// - Parameters:
  ///   - primaryHost: the id of the one host application without which nothing is published.
  ///   - metrics: the node's own, beside `bdSeq` and `Node Control/Rebirth`, which are always there.
  ///   - backlogged: samples of an earlier run wait in the store.
  ///   - nextBirthDeathSequence: the specification says 0; a number kept from an earlier run keeps that run's late will from being
  ///     taken for the death of this one.
  /// - Throws: `.invalidIdentifier` or `.invalidMetrics`.
  public init(
    _ identity: SparkplugIdentity, primaryHost: String? = nil, metrics: [SparkplugMetric], backlogged: Bool = false,
    nextBirthDeathSequence: UInt8 = 0, at now: WallTime
  ) throws(SparkplugError) {
    if let primaryHost { try SparkplugTopic.checkLevel(primaryHost, "host id") }
    self.identity = identity
    self.primaryHost = primaryHost
    self.nextBirthDeathSequence = nextBirthDeathSequence
    hasBacklog = backlogged
    node = try Self.register(metrics, of: nil, at: now, &aliases)
  }

  /// Whether stored samples may go out: births are published, and the primary host, if there is one, is online. While false, the
  /// caller stores.
  public var mayPublishData: Bool { phase == .inSession }

  /// Whether live samples may: as above, and nothing older waits.
  public var mayPublishLiveData: Bool { mayPublishData && !hasBacklog }

  /// The number of the next message of this session, 0…255.
  mutating func takeSequence() -> UInt64 {
    defer { nextSequence &+= 1 }
    return UInt64(nextSequence)
  }

  static func register(
    _ metrics: [SparkplugMetric], of device: String?, at now: WallTime, _ aliases: inout AliasTable
  ) throws(SparkplugError) -> MetricRegister {
    for metric in metrics where device == nil && OwnMetric.all.contains(where: { $0.lowercased() == metric.name.lowercased() }) {
      throw SparkplugError(.invalidMetrics, "the metric ‘\(metric.name)’ is the edge node's own; leave it out")
    }
    return try MetricRegister(metrics, at: now.sparkplugMilliseconds) { aliases.alias(of: $0, in: device) }
  }
}

/// The metrics that every NBIRTH must have.
enum OwnMetric {
  static let birthDeathSequence = "bdSeq"
  static let rebirth = "Node Control/Rebirth"
  static let all = [birthDeathSequence, rebirth]
}

/// One number for each metric of the edge node and of all its devices; a metric keeps it as long as the edge node lives.
struct AliasTable: Sendable {
  private struct Key: Hashable {
    let device: String?
    let name: String
  }

  private var aliases: [Key: UInt64] = [:]

  mutating func alias(of name: String, in device: String?) -> UInt64 {
    let key = Key(device: device, name: name)
    if let known = aliases[key] { return known }
    let alias = UInt64(aliases.count + 1)
    aliases[key] = alias
    return alias
  }
}
