public import Cryptography
import JSONReading

/// A model's version as a release offers it: what the targets metadata say of `packages/NAME/VERSION.blocks`.
public struct ReleasedPackage: Equatable, Sendable {
  /// The model's name: what configurations call it.
  public let name: String
  /// The author's version; compared for equality only.
  public let version: String
  /// Grows with each release of the name: the order of versions.
  public let release: Int
  /// Of the package file.
  public let digest: SHA256Digest
  public let byteCount: Int
  /// The oldest agent that may run it.
  public let agent: AgentRelease?
  /// Bytes that its tensors and packed weights take, where the release says so.
  public let memory: Int?
  /// The share of each channel's devices that are to run it, in basis points.
  public let shares: [String: Int]
  /// The list of its blocks.
  public let index: Target

  public static let folder = "packages/"

  /// - Throws: `.malformed`, where the target is one of `packages/` and its custom metadata aren't a package's.
  init(_ target: Target) throws(UpdatesError) {
    index = target
    guard let custom = target.custom else { throw UpdatesError(.malformed, "\(target.path): ‘custom’ is missing; make the release again") }
    let fields = try MetadataFields(custom, place: target.path)
    let package = try fields.object("package")
    name = try package.text("name")
    version = try package.text("version")
    guard isReleaseName(name), isReleaseName(version), target.path == ReleaseLayout.package(name, version) else {
      throw fields.error("it doesn't lie where a package of this name and version does")
    }
    release = try package.number("release", atLeast: 1)
    byteCount = try package.number("bytes", atLeast: 1)
    guard let digest = SHA256Digest(hex: try package.text("sha256")) else { throw package.error("‘sha256’ is no digest") }
    self.digest = digest
    if package.members["agent"] != nil {
      let text = try package.text("agent")
      guard let release = AgentRelease(text) else { throw package.error("‘agent’ is no version like 1.2.3, but ‘\(text)’") }
      agent = release
    } else {
      agent = nil
    }
    memory = package.members["memory"] == nil ? nil : try package.number("memory", atLeast: 0)
    shares = try readShares(fields)
  }
}

/// Versions of agents, compared by number: "1.2.3", the last parts optional.
public struct AgentRelease: Comparable, Sendable {
  let parts: [Int]

  public init?(_ text: String) {
    let texts = text.split(separator: ".", omittingEmptySubsequences: false)
    let parts = texts.compactMap { part in part.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(part) : nil }
    guard (1...3).contains(texts.count), parts.count == texts.count else { return nil }
    self.parts = parts + [Int](repeating: 0, count: 3 - parts.count)
  }

  public static func < (one: AgentRelease, other: AgentRelease) -> Bool { one.parts.lexicographicallyPrecedes(other.parts) }
}

/// What may stand in a release's paths and topics: letters, digits, `.`, `-` and `_`, at most 64 of them.
public func isPathPart(_ text: String) -> Bool {
  (1...64).contains(text.utf8.count)
    && text.utf8.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
      default: false
      }
    }
}

/// Names and versions of packages: path parts without a dot in front.
public func isReleaseName(_ text: String) -> Bool { isPathPart(text) && !text.hasPrefix(".") }

/// Basis points by channel.
func readShares(_ fields: MetadataFields) throws(UpdatesError) -> [String: Int] {
  let channels = try fields.object("channels")
  var shares: [String: Int] = [:]
  for name in channels.members.keys {
    let share = try channels.number(name, atLeast: 0)
    guard share <= DeviceGroup.bucketCount else { throw channels.error("the share of ‘\(name)’ is above \(DeviceGroup.bucketCount)") }
    shares[name] = share
  }
  return shares
}
