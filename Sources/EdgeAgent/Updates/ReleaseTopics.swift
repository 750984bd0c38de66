package import Cryptography
package import Updates

/// A fleet's releases as they lie on the broker. Nothing of it is trusted.
package struct ReleaseTopics: MetadataSource {
  static let root = "swiftlet/v1/releases"
  package static let timestamp = "\(root)/metadata/timestamp"

  let topics: RetainedTopics

  package init(topics: RetainedTopics) { self.topics = topics }

  package static func block(_ digest: SHA256Digest) -> String { "\(root)/blocks/\(digest)" }

  package func metadata(_ role: String, version: Int?, limit: Int) throws(UpdatesError) -> [UInt8]? {
    let topic = "\(Self.root)/metadata/\(percentEncoded(role))\(version.map { ".\($0)" } ?? "")"
    guard let bytes = try topics.read(topic) else { return nil }
    guard bytes.count <= limit else { throw UpdatesError(.tooLong, "\(topic) has \(bytes.count) bytes, and \(limit) are allowed") }
    return bytes
  }
}
