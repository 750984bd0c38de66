public import Updates

/// Puts metadata before the trust core as a device would: from the first root on, to the packages and the halt.
struct TrustCheck: MetadataSource {
  let folder: ReleaseFolder
  /// Files that aren't in the folder yet, by their names there.
  let pending: [String: [UInt8]]

  func metadata(_ role: String, version: Int?, limit: Int) throws(UpdatesError) -> [UInt8]? {
    guard let role = ReleaseRole(rawValue: role) else { return nil }
    let name = role.file(version: version ?? 0)
    return pending[name] ?? contents(of: "\(folder.metadataFolder)/\(name)")
  }

  /// - Throws: `.untrusted`.
  func run(_ state: ReleaseState, at time: DateTime) throws(ReleaseError) {
    let first: [UInt8]
    if let new = pending[ReleaseRole.root.file(version: 1)] { first = new } else { first = try folder.metadata(.root, 1) }
    guard time < state.root.content.expires else {
      throw ReleaseError(
        .untrusted,
        "root version \(state.root.content.version) expired at \(state.root.content.expires), and devices take nothing any more: "
          + "swiftlet release renew \(folder.path) --root, with the root keys, and publish")
    }
    let targets = try trusting { () throws(UpdatesError) -> [String: Target] in
      var client = try UpdateClient(store: MetadataMemory(["root": first]), source: self, startTime: time)
      // As a device reads it: what it can't read of one package keeps it from all.
      _ = try client.offer()
      let targets = try client.topLevelTargets()
      guard client.rootVersion == state.root.content.version, client.timestampVersion == state.timestamp.content.version else {
        throw UpdatesError(.mismatch, "\(folder.metadataFolder): the metadata lead to another state than the one that was written")
      }
      return targets
    }
    guard Set(targets.keys) == Set(state.targets.content.packages.map(\.path)) else {
      throw ReleaseError(.untrusted, "\(folder.metadataFolder): targets.json doesn't speak of the packages that it should")
    }
    try HaltCheck.run(state.halt.bytes, named: state.timestamp.content.halt, targets: state.targets.bytes, at: time)
  }
}

/// The halt role's file before the trust core: signed by the keys that targets.json delegates to, and the one that the timestamp names.
enum HaltCheck {
  static func run(_ bytes: [UInt8], named facts: FileFacts, targets: [UInt8], at time: DateTime) throws(ReleaseError) {
    let name = "\(facts.version).halt.json"
    func refusal(_ what: String) -> ReleaseError { ReleaseError(.untrusted, "\(name) \(what)") }
    let halt: TargetsMetadata
    do throws(UpdatesError) {
      let delegator = try TargetsMetadata(SignedMetadata(targets, file: "targets.json").signed, role: "targets")
      halt = try delegator.halt(bytes, named: MetaFile(version: facts.version, length: facts.length, sha256: facts.digest), at: time)
    } catch {
      switch error.code {
      case .unsigned: throw refusal("isn't signed by the keys that targets.json names for it")
      case .expired: throw refusal("has expired; renew it: swiftlet release renew FOLDER (\(error.message))")
      default: throw refusal("isn't the file that timestamp.json speaks of: \(error.message)")
      }
    }
    for path in halt.targets.keys where !PathPattern(ReleaseRole.haltPaths).matches(path) { throw refusal("speaks of \(path), which isn't its to speak of") }
  }
}

/// Trusted metadata that nobody keeps.
public struct MetadataMemory: MetadataStore {
  private var files: [String: [UInt8]]

  /// - Parameter files: by role; the root is needed.
  public init(_ files: [String: [UInt8]]) { self.files = files }

  public func load(_ role: String) -> [UInt8]? { files[role] }
  public mutating func save(_ role: String, _ bytes: [UInt8]) { files[role] = bytes }
  public mutating func remove(_ role: String) { files[role] = nil }
}
