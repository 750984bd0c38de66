import Cryptography
public import Updates

/// What a new release folder is to be.
public struct ReleasePlan: Sendable {
  /// A new root, and so every rotation of a key, needs `rootThreshold` of these; each in its own file, so that they can lie in different places.
  public var rootKeyCount = 3
  public var rootThreshold = 2
  /// Every release needs `targetsThreshold` of these.
  public var targetsKeyCount = 1
  public var targetsThreshold = 1
  /// A command to a device needs `commandsThreshold` of these; where there are none, nobody gives any.
  public var commandsKeyCount = 1
  public var commandsThreshold = 1
  public var lifetimes = Lifetimes()

  public init() {}

  func check() throws(ReleaseError) {
    var roles = [("root", rootKeyCount, rootThreshold), ("targets", targetsKeyCount, targetsThreshold)]
    if commandsKeyCount != 0 { roles.append(("commands", commandsKeyCount, commandsThreshold)) }
    for (role, count, threshold) in roles {
      guard (1...16).contains(count), (1...count).contains(threshold) else {
        throw ReleaseError(.invalid, "\(role): \(threshold) of \(count) keys can't be asked for; expected 1 to 16 keys, and a threshold up to their number")
      }
    }
  }
}

extension ReleaseFolder {
  /// Makes keys and the first version of every role's metadata. The folder must be empty, or not there yet.
  ///
  /// - Parameter passphrase: what the private keys are encrypted with; nil leaves them open.
  public static func make(_ path: String, _ plan: ReleasePlan, passphrase: String?, at time: DateTime) throws(ReleaseError) -> ReleaseFolder {
    try plan.check()
    let folder = ReleaseFolder(unchecked: path)
    guard try ReleaseFiles.names(in: folder.path).isEmpty else {
      throw ReleaseError(.alreadyThere, "\(path) isn't empty; name a folder that isn't there yet")
    }
    try ReleaseFiles.makeFolder(folder.path)
    try ReleaseFiles.makeFolder(folder.keys.path, mode: 0o700)
    for part in [folder.metadataFolder, folder.draftFolder, folder.blockFolder] { try ReleaseFiles.makeFolder(part) }
    try folder.save(plan.lifetimes)
    let chain = try KeyChain(folder: folder.keys) { _ throws(ReleaseError) in passphrase ?? "" }
    func role(_ role: ReleaseRole, _ count: Int, _ threshold: Int) throws(ReleaseError) -> SigningRole {
      var keys: [String: PublicKey] = [:]
      for _ in 0..<count {
        let (entry, key) = try folder.keys.make(role, passphrase: passphrase)
        chain.hold(key)
        keys[entry.id] = entry.publicKey
      }
      return SigningRole(name: role, keys: keys, threshold: threshold)
    }
    let roles: [TopLevelRole: SigningRole] = [
      .root: try role(.root, plan.rootKeyCount, plan.rootThreshold), .targets: try role(.targets, plan.targetsKeyCount, plan.targetsThreshold),
      .snapshot: try role(.snapshot, 1, 1), .timestamp: try role(.timestamp, 1, 1),
    ]
    func expiry(_ role: ReleaseRole) -> DateTime { time.advanced(by: plan.lifetimes[role]) }
    func written<Content: RoleContent>(_ content: Content, _ role: SigningRole) throws(ReleaseError) -> Written<Content> {
      var file = content.file
      try chain.signFully(&file, as: role)
      return Written(file, content)
    }
    let halts = try role(.halt, 1, 1)
    let commands = plan.commandsKeyCount == 0 ? nil : try role(.commands, plan.commandsKeyCount, plan.commandsThreshold)
    let root = RootContent(version: 1, expires: expiry(.root), roles: roles)
    let first = try written(root, root[.root])
    let targets = try written(TargetsContent(version: 1, expires: expiry(.targets), halt: halts, commands: commands), root[.targets])
    let snapshot = try written(SnapshotContent(version: 1, expires: expiry(.snapshot), targets: targets.facts), root[.snapshot])
    let halt = try written(HaltContent(version: 1, expires: expiry(.halt)), halts)
    let timestamp = try written(
      TimestampContent(version: 1, expires: expiry(.timestamp), snapshot: snapshot.facts, halt: halt.facts), root[.timestamp])
    let state = ReleaseState(root: first, targets: targets, snapshot: snapshot, halt: halt, timestamp: timestamp)
    try folder.writeAll(state, at: time)
    return folder
  }

  /// The first root last: with it the folder is one.
  private func writeAll(_ state: ReleaseState, at time: DateTime) throws(ReleaseError) {
    let files: [(String, [UInt8])] = [
      (state.targets.content.fileName, state.targets.bytes), (state.snapshot.content.fileName, state.snapshot.bytes),
      (state.halt.content.fileName, state.halt.bytes), (state.timestamp.content.fileName, state.timestamp.bytes),
      (state.root.content.fileName, state.root.bytes),
    ]
    try TrustCheck(folder: self, pending: Dictionary(uniqueKeysWithValues: files)).run(state, at: time)
    for (name, bytes) in files { try ReleaseFiles.write(bytes, to: "\(metadataFolder)/\(name)") }
  }
}
