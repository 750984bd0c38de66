import Cryptography
import Updates

/// A fleet's releases as they lie on the broker. Nothing of it is trusted.
struct ReleaseTopics: MetadataSource {
  static let root = "swiftlet/v1/releases"
  static let timestamp = "\(root)/metadata/timestamp"

  let topics: RetainedTopics

  static func block(_ digest: SHA256Digest) -> String { "\(root)/blocks/\(digest)" }

  func metadata(_ role: String, version: Int?, limit: Int) throws(UpdatesError) -> [UInt8]? {
    let topic = "\(Self.root)/metadata/\(percentEncoded(role))\(version.map { ".\($0)" } ?? "")"
    guard let bytes = try topics.read(topic) else { return nil }
    guard bytes.count <= limit else { throw UpdatesError(.tooLong, "\(topic) has \(bytes.count) bytes, and \(limit) are allowed") }
    return bytes
  }
}
