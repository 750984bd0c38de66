import Cryptography
import JSONReading
import Updates

/// A releaser's folder: keys, metadata, drafts and blocks.
///
/// | | |
/// |---|---|
/// | `keys/ROLE-N.pem`, `.pub` | private keys, and their public halves |
/// | `metadata/N.ROLE.json`, `timestamp.json` | what is released, by the specification's names |
/// | `drafts/root.json`, `targets.json` | what still lacks signatures |
/// | `blocks/SHA256` | blocks as devices fetch them, lists of blocks among them |
/// | `release.json` | lifetimes |
///
/// The state is what the timestamp speaks of: it is written last, and whatever else a power cut leaves behind is written again.
public struct ReleaseFolder: Sendable {
  public let path: String
  public let keys: KeyFolder

  var metadataFolder: String { "\(path)/metadata" }
  var draftFolder: String { "\(path)/drafts" }
  var blockFolder: String { "\(path)/blocks" }
  var settingsFile: String { "\(path)/release.json" }

  /// - Throws: `.damagedFolder` where it is no release folder.
  public init(_ path: String) throws(ReleaseError) {
    self.init(unchecked: path)
    guard ReleaseFiles.exists("\(metadataFolder)/1.root.json") else {
      throw ReleaseError(.damagedFolder, "\(path) is no release folder (metadata/1.root.json isn't there); make one with: swiftlet release init \(path)")
    }
  }

  init(unchecked path: String) {
    self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    keys = KeyFolder("\(self.path)/keys")
  }

  func metadataFile(_ role: ReleaseRole, _ version: Int) -> String { "\(metadataFolder)/\(role.file(version: version))" }

  func draftFile(_ role: ReleaseRole) -> String { "\(draftFolder)/\(role.rawValue).json" }

  func blockFile(_ digest: String) -> String { "\(blockFolder)/\(digest)" }

  func metadata(_ role: ReleaseRole, _ version: Int) throws(ReleaseError) -> [UInt8] { try ReleaseFiles.read(metadataFile(role, version)) }

  /// Nil where there is none.
  func draft(_ role: ReleaseRole) throws(ReleaseError) -> SignedFile? {
    guard ReleaseFiles.exists(draftFile(role)) else { return nil }
    return try SignedFile(ReleaseFiles.read(draftFile(role)), name: draftFile(role))
  }

  /// Versions of the root, from 1 on without gaps.
  func lastRootVersion() -> Int {
    var version = 1
    while ReleaseFiles.exists(metadataFile(.root, version + 1)) { version += 1 }
    return version
  }

  /// What the folder's timestamp speaks of.
  func state() throws(ReleaseError) -> ReleaseState {
    let root = try load(RootContent.self, lastRootVersion())
    let timestamp = try load(TimestampContent.self, 0)
    let snapshot = try load(SnapshotContent.self, timestamp.content.snapshot.version, timestamp.content.snapshot)
    let targets = try load(TargetsContent.self, snapshot.content.targets.version, snapshot.content.targets)
    let halt = try load(HaltContent.self, timestamp.content.halt.version, timestamp.content.halt)
    return ReleaseState(root: root, targets: targets, snapshot: snapshot, halt: halt, timestamp: timestamp)
  }

  private func load<Content>(_ type: Content.Type, _ version: Int, _ facts: FileFacts? = nil) throws(ReleaseError) -> Written<Content> {
    let (name, bytes) = (metadataFile(Content.role, version), try metadata(Content.role, version))
    if let facts, !facts.describes(bytes) {
      throw ReleaseError(.damagedFolder, "\(name) isn't the file that other metadata speak of; restore the folder from a copy")
    }
    let file = try SignedFile(bytes, name: name)
    return Written(content: try Content(file, name: name), file: file, bytes: bytes)
  }

  func lifetimes() throws(ReleaseError) -> Lifetimes {
    let file = settingsFile
    guard ReleaseFiles.exists(file) else { return Lifetimes() }
    guard let value = try? JSONParser.parse(ReleaseFiles.read(file)) else { throw ReleaseError(.damagedFolder, "\(file) is no JSON") }
    var lifetimes = Lifetimes()
    for (name, hours) in try ContentFields(value, place: file).object("lifetime_hours").numbers() {
      guard let role = ReleaseRole(rawValue: name), ReleaseRole.withMetadata.contains(role), (1...87_600).contains(hours) else {
        throw ReleaseError(.damagedFolder, "\(file): lifetime_hours: ‘\(name)’ is no role with 1 to 87600 hours")
      }
      lifetimes[role] = Int64(hours) * 3600
    }
    return lifetimes
  }

  func save(_ lifetimes: Lifetimes) throws(ReleaseError) {
    let hours = Dictionary(uniqueKeysWithValues: lifetimes.seconds.map { ($0.key.rawValue, Int($0.value / 3600)) })
    guard let bytes = try? JSONValue.object(["lifetime_hours": .numbers(hours)]).canonicalBytes() else { preconditionFailure("hours are whole numbers") }
    try ReleaseFiles.write(bytes + [UInt8(ascii: "\n")], to: settingsFile)
  }
}

/// A role's metadata as they lie in the folder, or shall.
struct Written<Content: RoleContent> {
  var content: Content
  var file: SignedFile
  var bytes: [UInt8]

  init(content: Content, file: SignedFile, bytes: [UInt8]) { (self.content, self.file, self.bytes) = (content, file, bytes) }

  init(_ file: SignedFile, _ content: Content) { self.init(content: content, file: file, bytes: file.bytes) }

  var facts: FileFacts { FileFacts(version: content.version, of: bytes) }
}

/// One state of a release: five files that belong together.
struct ReleaseState {
  var root: Written<RootContent>
  var targets: Written<TargetsContent>
  var snapshot: Written<SnapshotContent>
  var halt: Written<HaltContent>
  var timestamp: Written<TimestampContent>

  /// Whose word a role's file needs.
  func signers(of role: ReleaseRole) -> SigningRole {
    if let topLevel = role.topLevel { return root.content[topLevel] }
    let none = SigningRole(name: .commands, keys: [:], threshold: 1)
    return role == .halt ? targets.content.halt : targets.content.commands ?? none
  }
}
