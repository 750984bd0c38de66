/// What all devices last told.
public struct Fleet: Sendable {
  /// By "SITE/DEVICE".
  public private(set) var reports: [String: DeviceReport] = [:]
  /// A broker that invents devices shall not fill the memory.
  public static let largestDeviceCount = 100_000

  public init() {}

  /// Takes a message in; an empty one forgets the device.
  ///
  /// - Returns: whether anything changed but the time of the message.
  public mutating func take(topic: String, payload: [UInt8]) -> Bool {
    guard !payload.isEmpty else {
      let levels = topic.split(separator: "/", omittingEmptySubsequences: false)
      return levels.count == 5 && reports.removeValue(forKey: "\(levels[2])/\(levels[3])") != nil
    }
    guard let report = DeviceReport(topic: topic, payload: payload) else { return false }
    let old = reports[report.device]
    guard old != nil || reports.count < Self.largestDeviceCount else { return false }
    reports[report.device] = report
    return old?.channel != report.channel || old?.models != report.models || old?.metadataOutcome != report.metadataOutcome
      || old?.timestampVersion != report.timestampVersion
  }
}

/// A package on a channel.
public struct Rollout: Hashable, Comparable, Sendable {
  public let name: String
  public let version: String
  public let channel: String

  public init(name: String, version: String, channel: String) { (self.name, self.version, self.channel) = (name, version, channel) }

  public static func < (one: Rollout, other: Rollout) -> Bool {
    (one.name, one.version, one.channel) < (other.name, other.version, other.channel)
  }
}
