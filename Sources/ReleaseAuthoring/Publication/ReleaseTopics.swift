import Updates

/// Where releases lie on the broker.
enum ReleaseTopics {
  static let root = ReleaseLayout.topicRoot
  static let timestamp = metadata(.timestamp, 0)

  /// - Parameter name: "metadata/targets.3", "blocks/SHA256".
  static func topic(_ name: String) -> String { "\(root)/\(name)" }

  static func metadata(_ role: ReleaseRole, _ version: Int) -> String { topic(role.released(version: version)) }

  /// The timestamp by another filter, so that it can be followed and asked for on one connection.
  static let followedTimestamp = "\(root)/+/timestamp"

  static let allMetadata = "\(root)/metadata/+"
  static let allBlocks = "\(root)/blocks/+"
  /// What devices tell of their models.
  static let deviceModels = "swiftlet/v1/+/+/models"
}
