import Cryptography
import JSONReading
import Updates

/// What the keeper says: packages that fewer devices may take than the releaser allows. It can only narrow: devices take the smaller share.
struct HaltContent: RoleContent {
  static let role = ReleaseRole.halt
  var version: Int
  var expires: DateTime
  var halts: [Halt]

  init(version: Int, expires: DateTime, halts: [Halt] = []) { (self.version, self.expires, self.halts) = (version, expires, halts) }

  init(_ fields: ContentFields, version: Int, expires: DateTime) throws(ReleaseError) {
    let targets = try fields.object("targets")
    var halts: [Halt] = []
    for path in targets.members.keys.sorted() { halts.append(try Halt(path: path, targets.object(path))) }
    self.init(version: version, expires: expires, halts: halts)
  }

  var members: [String: JSONValue] { ["targets": .object(Dictionary(uniqueKeysWithValues: halts.map { ($0.path, $0.json) }))] }

  /// Takes one more halt in; of two shares for a channel the smaller stays.
  ///
  /// - Returns: whether that changed anything.
  @discardableResult mutating func add(_ halt: Halt) -> Bool {
    guard let index = halts.firstIndex(where: { $0.path == halt.path }) else {
      halts.append(halt)
      halts.sort { $0.path < $1.path }
      return true
    }
    let before = halts[index].channels
    let merged = before.merging(halt.channels) { min($0, $1) }
    guard merged != before else { return false }
    halts[index].channels = merged
    halts[index].reason = halt.reason
    return true
  }
}

/// A package that is narrowed or halted on some channels, and why.
public struct Halt: Equatable, Sendable {
  public let name: String
  public let version: String
  /// In hundredths of a percent; 0 is halted. Channels that aren't named stay as they are.
  public internal(set) var channels: [String: Int]
  public internal(set) var reason: String

  /// - Parameter reason: brought to one line (`inOneLine`) of at most 200 characters.
  public init(name: String, version: String, channels: [String: Int], reason: String) {
    (self.name, self.version, self.channels) = (name, version, channels)
    self.reason = reason.inOneLine(limit: 200)
  }

  var path: String { ReleaseLayout.halt(name, version) }

  init(path: String, _ fields: ContentFields) throws(ReleaseError) {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0] == "halt" else { throw fields.error("its path isn't halt/NAME/VERSION") }
    let custom = try fields.object("custom")
    self.init(
      name: String(parts[1]), version: String(parts[2]), channels: try custom.object("channels").numbers(),
      reason: custom.has("reason") ? try custom.text("reason") : "")
  }

  var json: JSONValue {
    .object([
      "length": .whole(0), "hashes": .object(["sha256": .string(SHA256.digest(of: []).hex)]),
      "custom": .object(["channels": .numbers(channels), "reason": .string(reason)]),
    ])
  }
}
