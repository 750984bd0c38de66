public import JSONReading

/// Which keys speak for the top-level roles (§4.3).
public struct RootMetadata: Sendable {
  public let head: MetadataHead
  public let isConsistentSnapshot: Bool
  public let keys: KeyRing
  private let roles: [TopLevelRole: RoleKeys]

  public init(_ signed: JSONValue) throws(UpdatesError) {
    let file = TopLevelRole.root.file
    let fields = try MetadataFields(signed, place: file)
    head = try MetadataHead(fields, type: TopLevelRole.root.rawValue)
    isConsistentSnapshot = fields.members["consistent_snapshot"] == nil ? false : try fields.truth("consistent_snapshot")
    keys = try KeyRing(fields.object("keys"))
    var roles: [TopLevelRole: RoleKeys] = [:]
    for (name, role) in try fields.object("roles").objects() {
      if let known = TopLevelRole(rawValue: name) {
        roles[known] = try RoleKeys(role)
      } else if name != "mirrors" {
        throw fields.error("it has a role ‘\(name)’, which isn't top-level")
      }
    }
    for role in TopLevelRole.allCases where roles[role] == nil { throw fields.error("it has no role ‘\(role.rawValue)’") }
    self.roles = roles
  }

  public subscript(role: TopLevelRole) -> RoleKeys {
    guard let keys = roles[role] else { preconditionFailure("every role was checked for") }
    return keys
  }

  /// The keys themselves, not their ids: an id may come to stand for another key.
  func hasSameKeys(as other: RootMetadata, for role: TopLevelRole) -> Bool {
    self[role] == other[role] && self[role].keyIDs.allSatisfy { keys[$0] == other.keys[$0] }
  }
}

/// The roles that root metadata name.
public enum TopLevelRole: String, CaseIterable, Sendable {
  case root, timestamp, snapshot, targets

  var file: String { "\(rawValue).json" }
}
