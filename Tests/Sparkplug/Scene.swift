import Pipelines
import Testing

@testable import Sparkplug

/// An edge node `plant-a/line-3` with one pipeline `surface`, and the way to its session.
struct Scene {
  static let start = WallTime(microseconds: 1_772_348_709_000_042)
  static let host = "scada"
  static let stateTopic = "spBv1.0/STATE/scada"
  static let commandTopic = "spBv1.0/plant-a/NCMD/line-3"

  var node: SparkplugEdgeNode
  /// An hour after the start: samples are older than the messages that tell them.
  private(set) var now = WallTime(microseconds: Scene.start.microseconds + 3_600_000_000)

  init(primaryHost: String? = nil, devices: [String] = ["surface"], backlogged: Bool = false, nextBirthDeathSequence: UInt8 = 0) throws {
    node = try SparkplugEdgeNode(
      SparkplugIdentity(group: "plant-a", edgeNode: "line-3"), primaryHost: primaryHost,
      metrics: SparkplugMetrics.node(agentVersion: "0.1.0", bootID: "b"), backlogged: backlogged,
      nextBirthDeathSequence: nextBirthDeathSequence, at: Scene.start)
    for device in devices { _ = try node.deviceBorn(device, metrics: SparkplugMetrics.device(model: "m", version: "1"), at: Scene.start) }
  }

  /// The next moment, a millisecond later.
  mutating func tick() -> WallTime {
    now.microseconds += 1000
    return now
  }

  /// A connection as the broker's client sees it; the messages published at once.
  @discardableResult
  mutating func connect() -> [SparkplugMessage] {
    _ = node.beginConnection(at: tick())
    return node.connectionEstablished(at: tick()).messages
  }

  mutating func hears(_ state: String) -> [SparkplugAction] {
    node.receive(topic: Scene.stateTopic, payload: Array(state.utf8), at: tick())
  }

  mutating func isAskedForBirths(by name: String = "Node Control/Rebirth", _ value: SparkplugPayload.Value = .boolean(true)) -> [SparkplugAction] {
    let command = SparkplugPayload(timestamp: 1, metrics: [.init(name: name, timestamp: 1, value: value)])
    return node.receive(topic: Scene.commandTopic, payload: command.encoded(), at: tick())
  }

  /// A sample of the pipeline, `milliseconds` after the start.
  static func sample(_ milliseconds: Int64, frame: UInt64, count: Int = 1, device: String? = "surface", message: String = "{}") -> SparkplugSample {
    let shown = SparkplugMetrics.Frame(
      number: frame, count: count, best: count > 0 ? ("scratch", 0.75) : nil, message: message, model: "m", modelVersion: "1",
      clockIsSynchronised: true)
    return SparkplugSample(
      device: device, capturedAt: WallTime(microseconds: start.microseconds + 1000 * milliseconds), metrics: shown.device)
  }
}

extension [SparkplugAction] {
  var messages: [SparkplugMessage] {
    compactMap { if case .publish(let message) = $0 { message } else { nil } }
  }

  var complaints: [SparkplugError.Code] {
    compactMap { if case .ignored(let error) = $0 { error.code } else { nil } }
  }
}

extension SparkplugDelivery {
  var messages: [SparkplugMessage]? {
    if case .publish(let messages) = self { messages } else { nil }
  }
}

extension SparkplugMessage {
  var decoded: SparkplugPayload {
    get throws { try SparkplugPayload(payload, within: .stored) }
  }

  /// NBIRTH, DDATA and their like.
  var kind: String { String(topic.split(separator: "/")[2]) }

  func metric(_ name: String) throws -> SparkplugPayload.Metric? {
    try decoded.metrics.first { $0.name == name }
  }
}

extension [SparkplugMessage] {
  var kinds: [String] { map(\.kind) }

  var sequences: [UInt64?] {
    get throws { try map { try $0.decoded.sequence } }
  }

  /// Names by aliases, as a host learns them from births.
  var aliases: [UInt64: String] {
    get throws {
      var names: [UInt64: String] = [:]
      for metric in try flatMap({ try $0.decoded.metrics }) {
        if let alias = metric.alias, let name = metric.name { names[alias] = name }
      }
      return names
    }
  }
}
