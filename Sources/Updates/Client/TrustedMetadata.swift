/// The state of a repository that is believed, and the rules by which new metadata join it (§5). No I/O.
///
/// Roles are taken in order: roots, timestamp, snapshot, targets. A trusted one from an earlier update may be expired or no longer
/// the current one: it then only guards against rollback until a newer one takes its place.
struct TrustedMetadata {
  /// Fixed at the beginning, so that time doesn't pass within an update (§5.1).
  let startTime: DateTime
  private(set) var root: RootMetadata
  private(set) var timestamp: TimestampMetadata?
  private(set) var snapshot: SnapshotMetadata?

  /// Begins with the root that was shipped, or came to be trusted later (§5.2). Its expiry doesn't matter yet.
  init(root bytes: [UInt8], startTime: DateTime) throws(UpdatesError) {
    self.startTime = startTime
    root = try Self.rootMetadata(bytes, signedBy: nil)
  }

  private static func rootMetadata(_ bytes: [UInt8], signedBy old: RootMetadata?) throws(UpdatesError) -> RootMetadata {
    let file = TopLevelRole.root.file
    let envelope = try SignedMetadata(bytes, file: file)
    let new = try RootMetadata(envelope.signed)
    if let old { try envelope.verify(old[.root], keys: old.keys, file: file, by: "root version \(old.head.version)") }
    try envelope.verify(new[.root], keys: new.keys, file: file, by: "the root itself")
    return new
  }

  /// The next root, signed by the keys of the last one and by its own (§5.3.4, 5.3.5).
  mutating func updateRoot(_ bytes: [UInt8]) throws(UpdatesError) {
    let new = try Self.rootMetadata(bytes, signedBy: root)
    guard new.head.version == root.head.version + 1 else {
      throw UpdatesError(.rollback, "root.json is version \(new.head.version), and \(root.head.version + 1) comes next: an older root is held out")
    }
    root = new
  }

  /// §5.3.10.
  func checkFinalRoot() throws(UpdatesError) { try root.head.check(at: startTime, file: TopLevelRole.root.file) }

  /// - Parameter isKept: it was trusted before; it may be expired, for it only guards against rollback.
  /// - Returns: whether it took the place of the last one; a timestamp of the same version doesn't (§5.4.3.1).
  mutating func updateTimestamp(_ bytes: [UInt8], isKept: Bool = false) throws(UpdatesError) -> Bool {
    let file = TopLevelRole.timestamp.file
    let envelope = try SignedMetadata(bytes, file: file)
    try envelope.verify(root[.timestamp], keys: root.keys, file: file, by: "root version \(root.head.version)")
    let new = try TimestampMetadata(envelope.signed)
    if let old = timestamp {
      guard new.head.version >= old.head.version else {
        throw UpdatesError(.rollback, "timestamp.json is version \(new.head.version), and version \(old.head.version) was here before (rollback)")
      }
      if new.head.version == old.head.version { return false }
      guard new.snapshot.version >= old.snapshot.version else {
        throw UpdatesError(
          .rollback, "timestamp.json speaks of snapshot \(new.snapshot.version), and snapshot \(old.snapshot.version) was here before (rollback)")
      }
      guard new.halt?.version ?? 0 >= old.halt?.version ?? 0 else {
        throw UpdatesError(.rollback, "timestamp.json speaks of older halts than before: a halt is taken back by none of the fleet's keys (rollback)")
      }
    }
    if !isKept { try new.head.check(at: startTime, file: file) }
    timestamp = new
    return true
  }

  /// §5.4.4, also where the repository has none newer than the one that is kept.
  func checkFinalTimestamp() throws(UpdatesError) -> TimestampMetadata {
    guard let timestamp else { preconditionFailure("the timestamp comes first") }
    try timestamp.head.check(at: startTime, file: TopLevelRole.timestamp.file)
    return timestamp
  }

  /// - Parameter isKept: it was trusted before; it may be expired or not the timestamp's, for it only guards against rollback.
  mutating func updateSnapshot(_ bytes: [UInt8], isKept: Bool = false) throws(UpdatesError) {
    let file = TopLevelRole.snapshot.file
    let timestamp = try checkFinalTimestamp()
    if !isKept { try timestamp.snapshot.check(bytes, file: file, against: TopLevelRole.timestamp.file) }
    let envelope = try SignedMetadata(bytes, file: file)
    try envelope.verify(root[.snapshot], keys: root.keys, file: file, by: "root version \(root.head.version)")
    let new = try SnapshotMetadata(envelope.signed)
    if !isKept { try check(new, against: timestamp) }
    for (name, old) in snapshot?.files ?? [:] {
      guard let listed = new.files[name] else {
        throw UpdatesError(.rollback, "snapshot.json no longer speaks of \(name): a role was taken away (mix-and-match)")
      }
      guard listed.version >= old.version else {
        throw UpdatesError(
          .rollback, "snapshot.json speaks of \(name) version \(listed.version), and version \(old.version) was here before (rollback)")
      }
    }
    snapshot = new
  }

  private func check(_ snapshot: SnapshotMetadata, against timestamp: TimestampMetadata) throws(UpdatesError) {
    guard snapshot.head.version == timestamp.snapshot.version else {
      throw UpdatesError(
        .mismatch,
        "snapshot.json is version \(snapshot.head.version), and timestamp.json speaks of \(timestamp.snapshot.version): metadata of two states are mixed")
    }
    try snapshot.head.check(at: startTime, file: TopLevelRole.snapshot.file)
  }

  /// Whether the snapshot that is kept is the one that the timestamp speaks of, and not expired (§5.5.4, 5.5.6).
  func hasFinalSnapshot() throws(UpdatesError) -> Bool {
    let timestamp = try checkFinalTimestamp()
    guard let snapshot else { return false }
    do throws(UpdatesError) { try check(snapshot, against: timestamp) } catch { return false }
    return true
  }

  /// What the snapshot says of a targets role; the search for a target ends where it says nothing.
  func file(of role: String) throws(UpdatesError) -> MetaFile {
    guard let snapshot else { preconditionFailure("the snapshot comes before the targets") }
    guard let file = snapshot.files["\(role).json"] else {
      throw UpdatesError(.mismatch, "snapshot.json doesn't speak of \(role).json, though it is delegated to: metadata of two states are mixed")
    }
    return file
  }

  /// A targets role's metadata, fit to be trusted (§5.6.2 to 5.6.5).
  ///
  /// - Parameter delegator: whose word it is that the role's keys are these.
  func targets(_ bytes: [UInt8], role: String, keys: RoleKeys, ring: KeyRing, delegator: String) throws(UpdatesError) -> TargetsMetadata {
    let (name, file) = ("\(role).json", try file(of: role))
    try file.check(bytes, file: name, against: TopLevelRole.snapshot.file)
    let envelope = try SignedMetadata(bytes, file: name)
    try envelope.verify(keys, keys: ring, file: name, by: delegator)
    let new = try TargetsMetadata(envelope.signed, role: role)
    guard new.head.version == file.version else {
      throw UpdatesError(
        .mismatch, "\(name) is version \(new.head.version), and snapshot.json speaks of \(file.version): metadata of two states are mixed")
    }
    try new.head.check(at: startTime, file: name)
    return new
  }
}
