import Cryptography
import JSONReading
import Updates

/// What a role's metadata say, to be changed and written again.
protocol RoleContent {
  var version: Int { get set }
  var expires: DateTime { get set }
  static var role: ReleaseRole { get }
  init(_ fields: ContentFields, version: Int, expires: DateTime) throws(ReleaseError)
  /// All but what every role's metadata begin with.
  var members: [String: JSONValue] { get }
}

extension RoleContent {
  init(_ file: SignedFile, name: String) throws(ReleaseError) {
    let fields = try ContentFields(file.signed, place: name)
    guard let expires = DateTime(try fields.text("expires")) else { throw fields.error("‘expires’ is no time") }
    try self.init(fields, version: try fields.number("version"), expires: expires)
  }

  /// Unsigned.
  var file: SignedFile {
    var all = members
    // A delegated role's metadata are targets metadata, too.
    all["_type"] = .string(Self.role == .halt ? ReleaseRole.targets.rawValue : Self.role.rawValue)
    all["spec_version"] = .string("1.0.31")
    all["version"] = .whole(version)
    all["expires"] = .string(expires.description)
    return SignedFile(.object(all))
  }

  var fileName: String { Self.role.file(version: version) }
}

struct RootContent: RoleContent {
  static let role = ReleaseRole.root
  var version: Int
  var expires: DateTime
  var roles: [TopLevelRole: SigningRole]

  init(version: Int, expires: DateTime, roles: [TopLevelRole: SigningRole]) { (self.version, self.expires, self.roles) = (version, expires, roles) }

  init(_ fields: ContentFields, version: Int, expires: DateTime) throws(ReleaseError) {
    let keys = try KeyJSON.keys(fields.object("keys"))
    let listed = try fields.object("roles")
    var roles: [TopLevelRole: SigningRole] = [:]
    for role in ReleaseRole.allCases {
      guard let topLevel = role.topLevel else { continue }
      roles[topLevel] = try KeyJSON.role(role, listed.object(role.rawValue), keys)
    }
    self.init(version: version, expires: expires, roles: roles)
  }

  var members: [String: JSONValue] {
    var keys: [String: JSONValue] = [:]
    for role in roles.values { for (id, key) in role.keys { keys[id] = KeyJSON.json(key) } }
    let listed = roles.map { ($0.key.rawValue, KeyJSON.json($0.value)) }
    return ["consistent_snapshot": .boolean(true), "keys": .object(keys), "roles": .object(Dictionary(uniqueKeysWithValues: listed))]
  }

  subscript(role: TopLevelRole) -> SigningRole {
    get {
      guard let found = roles[role] else { preconditionFailure("every root has every role") }
      return found
    }
    set { roles[role] = newValue }
  }
}

struct SnapshotContent: RoleContent {
  static let role = ReleaseRole.snapshot
  var version: Int
  var expires: DateTime
  var targets: FileFacts

  init(version: Int, expires: DateTime, targets: FileFacts) { (self.version, self.expires, self.targets) = (version, expires, targets) }

  init(_ fields: ContentFields, version: Int, expires: DateTime) throws(ReleaseError) {
    self.init(version: version, expires: expires, targets: try FileFacts(fields.object("meta").object("targets.json")))
  }

  var members: [String: JSONValue] { ["meta": .object(["targets.json": targets.json])] }
}

/// Beside the snapshot it speaks of the halt role's file, which the keeper renews without the snapshot's key: `halt` is a member of its own,
/// which other clients of The Update Framework leave alone.
struct TimestampContent: RoleContent {
  static let role = ReleaseRole.timestamp
  var version: Int
  var expires: DateTime
  var snapshot: FileFacts
  var halt: FileFacts

  init(version: Int, expires: DateTime, snapshot: FileFacts, halt: FileFacts) {
    (self.version, self.expires, self.snapshot, self.halt) = (version, expires, snapshot, halt)
  }

  init(_ fields: ContentFields, version: Int, expires: DateTime) throws(ReleaseError) {
    self.init(
      version: version, expires: expires, snapshot: try FileFacts(fields.object("meta").object("snapshot.json")),
      halt: try FileFacts(fields.object("halt")))
  }

  var members: [String: JSONValue] { ["meta": .object(["snapshot.json": snapshot.json]), "halt": halt.json] }
}

/// Keys and roles as metadata write them.
enum KeyJSON {
  static func json(_ key: PublicKey) -> JSONValue {
    let scheme = JSONValue.string(key.scheme.rawValue)
    return .object(["keytype": .string(key.scheme.keyTypes[0]), "scheme": scheme, "keyval": .object(["public": .string((try? key.text()) ?? "")])])
  }

  /// The SHA-256 of the key's canonical JSON (§4.2).
  static func identifier(of key: PublicKey) -> String {
    guard let bytes = try? json(key).canonicalBytes() else { preconditionFailure("a key is texts alone") }
    return SHA256.digest(of: bytes).hex
  }

  static func keys(_ fields: ContentFields) throws(ReleaseError) -> [String: PublicKey] {
    var keys: [String: PublicKey] = [:]
    for id in fields.members.keys {
      let key = try fields.object(id)
      guard let scheme = SignatureScheme(rawValue: try key.text("scheme")) else { throw key.error("‘scheme’ isn't known here") }
      let text = try key.object("keyval").text("public")
      keys[id] = try unlocking(key.place) { () throws(CryptographyError) in try PublicKey(scheme: scheme, text: text) }
    }
    return keys
  }

  static func role(_ name: ReleaseRole, _ fields: ContentFields, _ keys: [String: PublicKey]) throws(ReleaseError) -> SigningRole {
    var own: [String: PublicKey] = [:]
    for id in try fields.texts("keyids") {
      guard let key = keys[id] else { throw fields.error("it names the key \(id), which isn't among the keys") }
      own[id] = key
    }
    return SigningRole(name: name, keys: own, threshold: try fields.number("threshold"))
  }

  static func json(_ role: SigningRole) -> JSONValue {
    .object(["keyids": .texts(role.keyIDs.sorted()), "threshold": .whole(role.threshold)])
  }
}
