public import JSONReading

/// Files that a role vouches for, and to whom it delegates others (§4.5).
public struct TargetsMetadata: Sendable {
  public let head: MetadataHead
  public let targets: [String: Target]
  public let delegations: Delegations?

  /// - Parameter role: its name, for messages; "targets" for the top-level one.
  public init(_ signed: JSONValue, role: String) throws(UpdatesError) {
    let fields = try MetadataFields(signed, place: "\(role).json")
    head = try MetadataHead(fields, type: TopLevelRole.targets.rawValue)
    var targets: [String: Target] = [:]
    for (path, target) in try fields.object("targets").objects() { targets[path] = try Target(path: path, target) }
    self.targets = targets
    delegations = fields.members["delegations"] == nil ? nil : try Delegations(fields.object("delegations"))
  }
}

/// A file that metadata vouch for.
public struct Target: Equatable, Sendable {
  public let path: String
  /// Bytes.
  public let length: Int
  public let hashes: FileHashes
  /// What the repository says beside: an object, opaque here.
  public let custom: JSONValue?

  init(path: String, _ fields: MetadataFields) throws(UpdatesError) {
    self.path = path
    length = try fields.number("length", atLeast: 0)
    hashes = try FileHashes(fields.object("hashes"))
    custom = fields.members["custom"]
    if let custom { _ = try MetadataFields(custom, place: "\(fields.place): custom") }
  }

  /// - Throws: `.mismatch` unless length and hashes are those which are vouched for.
  public func check(_ bytes: [UInt8]) throws(UpdatesError) {
    guard bytes.count == length else {
      throw UpdatesError(.mismatch, "\(path) has \(bytes.count) bytes, and its metadata say \(length): it was swapped or cut off on the way")
    }
    try hashes.check(bytes, file: path, against: "its metadata")
  }
}

/// To whom a role delegates, in order of trust (§4.5).
public struct Delegations: Sendable {
  public let keys: KeyRing
  public let roles: [DelegatedRole]
  public let bins: HashBins?

  init(_ fields: MetadataFields) throws(UpdatesError) {
    keys = try KeyRing(fields.object("keys"))
    bins = fields.members["succinct_roles"] == nil ? nil : try HashBins(fields.object("succinct_roles"))
    guard let listed = fields.members["roles"] else {
      guard bins != nil else { throw fields.error("‘roles’ is missing") }
      roles = []
      return
    }
    guard bins == nil else { throw fields.error("‘roles’ and ‘succinct_roles’ exclude each other") }
    guard case .array(let items) = listed else { throw fields.error("‘roles’ is no list") }
    var roles: [DelegatedRole] = []
    for item in items { roles.append(try DelegatedRole(MetadataFields(item, place: "\(fields.place): roles"))) }
    guard Set(roles.map(\.name)).count == roles.count else { throw fields.error("a role stands there twice") }
    self.roles = roles
  }

  /// Those who may speak of `path`, the most trusted first, and whether the search ends with each.
  func roles(for path: String) -> [(name: String, isTerminating: Bool)] {
    if let bins { return [(bins.role(for: path), true)] }
    return roles.filter { $0.covers(path) }.map { ($0.name, $0.isTerminating) }
  }

  func keys(of role: String) -> RoleKeys? {
    if let bins { return bins.hasRole(role) ? bins.keys : nil }
    return roles.first { $0.name == role }?.keys
  }
}

/// A role that another one lets speak of some paths.
public struct DelegatedRole: Sendable {
  /// Which paths it may speak of.
  public enum Scope: Equatable, Sendable {
    case patterns([PathPattern])
    /// Heads of the path's SHA-256 digest in hexadecimal.
    case hashPrefixes([String])
  }

  public let name: String
  public let keys: RoleKeys
  public let isTerminating: Bool
  public let scope: Scope

  init(_ fields: MetadataFields) throws(UpdatesError) {
    name = try fields.text("name")
    try Self.check(name, fields)
    keys = try RoleKeys(fields)
    isTerminating = try fields.truth("terminating")
    switch (fields.members["paths"] != nil, fields.members["path_hash_prefixes"] != nil) {
    case (true, false): scope = .patterns(try fields.texts("paths").map(PathPattern.init))
    case (false, true): scope = .hashPrefixes(try fields.texts("path_hash_prefixes"))
    default: throw fields.error("‘\(name)’ needs either ‘paths’ or ‘path_hash_prefixes’")
    }
  }

  /// A delegated role must not pass for a top-level one: their files lie side by side.
  static func check(_ name: String, _ fields: MetadataFields) throws(UpdatesError) {
    guard !name.isEmpty, TopLevelRole(rawValue: name) == nil else { throw fields.error("‘\(name)’ can't be a delegated role's name") }
  }

  func covers(_ path: String) -> Bool {
    switch scope {
    case .patterns(let patterns): patterns.contains { $0.matches(path) }
    case .hashPrefixes(let prefixes): prefixes.contains { HashBins.digest(of: path).hasPrefix($0) }
    }
  }
}
