/// Sparkplug's topics: `spBv1.0/GROUP/TYPE/EDGE_NODE[/DEVICE]` (3.0.0, §4.1) and `spBv1.0/STATE/HOST`.
enum SparkplugTopic {
  static let namespace = "spBv1.0"

  /// What is said of an edge node.
  enum NodeMessage: String {
    case birth = "NBIRTH"
    case data = "NDATA"
    case death = "NDEATH"
    case command = "NCMD"
  }

  /// What is said of a device.
  enum DeviceMessage: String {
    case birth = "DBIRTH"
    case data = "DDATA"
    case death = "DDEATH"
  }

  static func state(ofHost host: String) -> String {
    "\(namespace)/STATE/\(host)"
  }

  /// Checks what stands as one level of a topic. The specification forbids `+`, `/` and `#`, MQTT a zero byte; control characters,
  /// which MQTT advises against, are refused too, as is more than 255 bytes.
  ///
  /// - Throws: `.invalidIdentifier`, naming the `role`.
  static func checkLevel(_ identifier: String, _ role: String) throws(SparkplugError) {
    let isAllowed = identifier.unicodeScalars.allSatisfy { scalar in
      !(scalar == "+" || scalar == "/" || scalar == "#" || scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value))
    }
    guard isAllowed, (1...255).contains(identifier.utf8.count) else {
      throw SparkplugError(
        .invalidIdentifier, "‘\(identifier)’ is no Sparkplug \(role); expected 1 to 255 bytes without +, /, # and control characters")
    }
  }
}

/// Who an edge node is: together, group and edge node id must be one of a kind at the broker.
public struct SparkplugIdentity: Sendable, Equatable {
  /// Here the site.
  public let group: String
  /// Here the device that the agent runs on.
  public let edgeNode: String

  /// - Throws: `.invalidIdentifier` unless both can stand in a topic.
  public init(group: String, edgeNode: String) throws(SparkplugError) {
    try SparkplugTopic.checkLevel(group, "group id")
    try SparkplugTopic.checkLevel(edgeNode, "edge node id")
    self.group = group
    self.edgeNode = edgeNode
  }

  func topic(_ message: SparkplugTopic.NodeMessage) -> String {
    "\(SparkplugTopic.namespace)/\(group)/\(message.rawValue)/\(edgeNode)"
  }

  func topic(_ message: SparkplugTopic.DeviceMessage, _ device: String) -> String {
    "\(SparkplugTopic.namespace)/\(group)/\(message.rawValue)/\(edgeNode)/\(device)"
  }
}
