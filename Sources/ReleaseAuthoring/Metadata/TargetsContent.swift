import Cryptography
import JSONReading
import Updates

/// The packages that can be installed, whom the releaser lets halt them, and whose commands devices obey.
struct TargetsContent: RoleContent {
  static let role = ReleaseRole.targets
  var version: Int
  var expires: DateTime
  var packages: [ReleasedPackage]
  /// The last release number that each name has had. Numbers of withdrawn packages never come again: devices order versions by them.
  var lastReleases: [String: Int]
  var halt: SigningRole
  /// Nil: nobody's.
  var commands: SigningRole?

  init(
    version: Int, expires: DateTime, packages: [ReleasedPackage] = [], lastReleases: [String: Int] = [:], halt: SigningRole, commands: SigningRole?
  ) {
    (self.version, self.expires, self.packages, self.lastReleases) = (version, expires, packages, lastReleases)
    (self.halt, self.commands) = (halt, commands)
  }

  init(_ fields: ContentFields, version: Int, expires: DateTime) throws(ReleaseError) {
    let targets = try fields.object("targets")
    var packages: [ReleasedPackage] = []
    for path in targets.members.keys.sorted() { packages.append(try ReleasedPackage(path: path, targets.object(path))) }
    let delegations = try fields.object("delegations")
    let keys = try KeyJSON.keys(delegations.object("keys"))
    guard case .array(let listed)? = delegations.members["roles"] else { throw delegations.error("‘roles’ is missing, or no list") }
    var roles: [ReleaseRole: SigningRole] = [:]
    for item in listed {
      let role = try ContentFields(item, place: delegations.place)
      guard let name = ReleaseRole(rawValue: try role.text("name")), name.topLevel == nil else { throw role.error("‘roles’ has one that isn't known here") }
      roles[name] = try KeyJSON.role(name, role, keys)
    }
    guard let halt = roles[.halt] else { throw delegations.error("‘roles’ lacks the halt role") }
    self.init(
      version: version, expires: expires, packages: packages, lastReleases: try fields.object("releases").numbers(), halt: halt, commands: roles[.commands])
  }

  var members: [String: JSONValue] {
    let delegated = [(halt, ReleaseRole.haltPaths)] + (commands.map { [($0, "\($0.name.rawValue)/*")] } ?? [])
    let keys = delegated.reduce(into: [String: JSONValue]()) { all, role in all.merge(role.0.keys.mapValues(KeyJSON.json)) { one, _ in one } }
    let delegations = JSONValue.object(["keys": .object(keys), "roles": .array(delegated.map(Self.delegation))])
    let targets = Dictionary(uniqueKeysWithValues: packages.map { ($0.path, $0.json) })
    return ["targets": .object(targets), "delegations": delegations, "releases": .numbers(lastReleases)]
  }

  private static func delegation(_ role: SigningRole, _ paths: String) -> JSONValue {
    guard case .object(var members) = KeyJSON.json(role) else { preconditionFailure("a role is an object") }
    members["name"] = .string(role.name.rawValue)
    members["paths"] = .texts([paths])
    members["terminating"] = .boolean(true)
    return .object(members)
  }

  func index(of name: String, _ version: String) -> Int? { packages.firstIndex { $0.name == name && $0.version == version } }
}

/// A package that is released: what devices are told of it.
public struct ReleasedPackage: Equatable, Sendable {
  public let name: String
  public let version: String
  /// Grows with each package of the name that is added: the order of versions.
  public let release: Int
  /// SHA-256 of the package, in hexadecimal.
  public let digest: String
  public let byteCount: Int
  /// The oldest agent that may run it.
  public let agent: String?
  /// Bytes of arena and weights.
  public let memory: Int?
  /// The share of each channel's devices that may take it, in hundredths of a percent.
  public internal(set) var channels: [String: Int]
  /// Of the list of blocks, the file that the metadata vouch for.
  public let indexByteCount: Int
  public let indexDigest: String

  /// The target's path.
  public var path: String { ReleaseLayout.package(name, version) }

  init(
    name: String, version: String, release: Int, index: BlockIndex, agent: String?, memory: Int?, channels: [String: Int]
  ) {
    (self.name, self.version, self.release, self.agent, self.memory, self.channels) = (name, version, release, agent, memory, channels)
    (digest, byteCount) = (index.packageDigest.hex, index.packageByteCount)
    (indexByteCount, indexDigest) = (index.encoded().count, index.digest.hex)
  }

  init(path: String, _ fields: ContentFields) throws(ReleaseError) {
    indexByteCount = try fields.number("length")
    indexDigest = try fields.object("hashes").text("sha256")
    let custom = try fields.object("custom")
    let package = try custom.object("package")
    (name, version) = (try package.text("name"), try package.text("version"))
    (release, digest, byteCount) = (try package.number("release"), try package.text("sha256"), try package.number("bytes"))
    agent = package.has("agent") ? try package.text("agent") : nil
    memory = package.has("memory") ? try package.number("memory") : nil
    channels = try custom.object("channels").numbers()
    guard path == self.path else { throw fields.error("its path isn't \(self.path)") }
  }

  var json: JSONValue {
    var package: [String: JSONValue] = [
      "name": .string(name), "version": .string(version), "release": .whole(release), "sha256": .string(digest), "bytes": .whole(byteCount),
    ]
    package["agent"] = agent.map { .string($0) }
    package["memory"] = memory.map { .whole($0) }
    return .object([
      "length": .whole(indexByteCount), "hashes": .object(["sha256": .string(indexDigest)]),
      "custom": .object(["package": .object(package), "channels": .numbers(channels)]),
    ])
  }
}
