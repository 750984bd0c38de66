/// How a release's files are called: below the root of its topics, and in a folder that is carried. Fleet and devices meet in these names.
public enum ReleaseLayout {
  /// The root of the topics on a broker.
  public static let topicRoot = "swiftlet/v1/releases"

  /// "metadata/targets.3"; without a version, "metadata/timestamp".
  public static func metadata(_ role: String, version: Int?) -> String {
    "metadata/\(percentEncoded(role))\(version.map { ".\($0)" } ?? "")"
  }

  /// "blocks/SHA256", for a block as stored, and for a list of blocks.
  public static func block(_ digest: String) -> String { "blocks/\(digest)" }

  /// The target that lists a package's blocks.
  public static func package(_ name: String, _ version: String) -> String { "packages/\(name)/\(version).blocks" }

  /// The target of the halt role that holds a package back.
  public static func halt(_ name: String, _ version: String) -> String { "halt/\(name)/\(version)" }
}
