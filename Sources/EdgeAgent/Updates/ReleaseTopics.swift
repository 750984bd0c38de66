package import Cryptography
package import Updates

/// A fleet's releases as they lie on the broker. Nothing of it is trusted.
package struct ReleaseTopics: MetadataSource {
  package static let timestamp = topic(ReleaseLayout.metadata("timestamp", version: nil))

  let topics: RetainedTopics

  package init(topics: RetainedTopics) { self.topics = topics }

  private static func topic(_ name: String) -> String { "\(ReleaseLayout.topicRoot)/\(name)" }

  package static func block(_ digest: SHA256Digest) -> String { topic(ReleaseLayout.block(digest.hex)) }

  package func metadata(_ role: String, version: Int?, limit: Int) throws(UpdatesError) -> [UInt8]? {
    let topic = Self.topic(ReleaseLayout.metadata(role, version: version))
    guard let bytes = try topics.read(topic) else {
      // Whether there is a next root nobody says; of all else something has spoken.
      if role == "root" { return nil }
      throw UpdatesError(.unavailable, "the broker at \(topics.address) hands out no \(topic): nothing is published there, or it is too slow")
    }
    guard bytes.count <= limit else { throw UpdatesError(.tooLong, "\(topic) has \(bytes.count) bytes, and \(limit) are allowed") }
    return bytes
  }
}
