import Foundation
import MQTTTransport
@testable import Sparkplug
import TestBroker

/// What an edge node told, read; the first part of a topic after the group is its kind.
struct Told: Sendable {
  let kind: String
  let device: String?
  let payload: SparkplugPayload

  init?(_ message: IncomingMessage) {
    let levels = message.topic.split(separator: "/").map(String.init)
    guard levels.count >= 4, levels[0] == "spBv1.0", levels[1] == "plant-a", levels[3] == "line-3",
      levels[2] != "NCMD", let payload = try? SparkplugPayload(message.payload, within: .stored)
    else { return nil }
    kind = levels[2]
    device = levels.count > 4 ? levels[4] : nil
    self.payload = payload
  }

  var isHistorical: Bool { payload.metrics.contains(where: \.isHistorical) }

  /// Of the metric of that name in a birth.
  func value(_ name: String) -> SparkplugPayload.Value? { payload.metrics.first { $0.name == name }?.value }
  func alias(_ name: String) -> UInt64? { payload.metrics.first { $0.name == name }?.alias }
  func values(alias: UInt64) -> [SparkplugPayload.Value] { payload.metrics.filter { $0.alias == alias }.compactMap(\.value) }
}

extension [Told] {
  /// The agent's own count of a device's results, from the whole messages in data.
  func counts(of device: String = "surface") -> [Int] {
    guard let alias = first(where: { $0.kind == "DBIRTH" && $0.device == device })?.alias("Detections/Message") else { return [] }
    return filter { $0.kind == "DDATA" && $0.device == device }.flatMap { $0.values(alias: alias) }.compactMap { value in
      guard case .string(let text) = value else { return nil }
      return (try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])?["sequence"] as? Int
    }
  }

  /// Whether the sequence runs on from each NBIRTH without a hole.
  var isContiguous: Bool {
    var next: UInt64 = 0
    for one in self where one.kind != "NDEATH" {
      if one.kind == "NBIRTH" { next = 0 }
      guard one.payload.sequence == next else { return false }
      next = (next + 1) % 256
    }
    return true
  }
}

/// A host application at the broker, which hears everything.
final class SparkplugHost: Sendable {
  let told = Recorder<Told>()
  let connection: BrokerConnection

  init(_ broker: RealBroker) throws {
    connection = try BrokerConnection(BrokerSettings(address: BrokerAddress(parsing: broker.url), clientID: "host"))
    let granted = Recorder<SubscriptionOutcome>()
    try connection.subscribe(to: "spBv1.0/#", completion: { granted.append($0) }) { [told] in if let one = Told($0) { told.append(one) } }
    try connection.start()
    guard granted.wait(until: { $0 == [.granted] }) else { throw RealBroker.Failure(description: "the host isn't connected") }
  }

  deinit { connection.stop() }

  func wait(_ isEnough: @escaping ([Told]) -> Bool) -> Bool { told.wait(limit: 60, until: isEnough) }

  func say(isOnline: Bool) throws {
    let state = "{\"online\":\(isOnline),\"timestamp\":\(Int(Date().timeIntervalSince1970 * 1000))}"
    try connection.publish(OutgoingMessage(topic: "spBv1.0/STATE/scada", payload: Array(state.utf8), isRetained: true))
  }
}
