import Updates

/// Signatures that a draft still needs.
public struct MissingSignatures: Equatable, Sendable {
  public let role: ReleaseRole
  public let version: Int
  public let count: Int
  /// The key files that may give them.
  public let keyFiles: [String]

  public var line: String {
    "\(role.rawValue) version \(version) lacks \(count) signature\(count == 1 ? "" : "s"), by \(keyFiles.joined(separator: " or "))"
  }
}

/// What a step has come to.
public struct ReleaseProgress: Sendable {
  /// Files that were written, by their names in the metadata folder.
  public internal(set) var written: [String] = []
  /// Drafts that aren't released yet.
  public internal(set) var waiting: [MissingSignatures] = []
}

/// What is wanted beyond what the folder's own state calls for.
struct ReleaseWishes {
  /// Roles that get a new version with a new expiry even if nothing else changes.
  var renewed: Set<ReleaseRole> = []
  /// What the halt role is to say.
  var halt: [Halt]?
  /// A halt file that came from the broker and was checked.
  var adoptedHalt: Written<HaltContent>?
  /// The timestamp's version is to be above this one.
  var timestampAbove = 0
}

extension ReleaseFolder {
  /// Brings the folder from the state that it is in to the one that its drafts call for: takes fully signed drafts in, has every role that
  /// has expired, or that another one's change touches, signed anew, puts it all before the trust core, and only then writes it, the timestamp last.
  ///
  /// Where nothing is to be done, nothing is; where the power was cut, it goes on.
  ///
  /// - Throws: `.missingKey` where a role must be signed and its key isn't there: nothing is written then.
  @discardableResult
  func advance(_ keys: KeyChain, at time: DateTime, _ wishes: ReleaseWishes = ReleaseWishes()) throws(ReleaseError) -> ReleaseProgress {
    let old = try state()
    var step = Advance(folder: self, keys: keys, time: time, lifetimes: try lifetimes(), next: old)
    try step.takeRoot()
    guard try step.takeTargets() else { return step.progress }
    try step.renewSnapshot(wishes)
    try step.renewHalt(wishes)
    try step.renewTimestamp(wishes)
    guard !step.pending.isEmpty else { return step.progress }
    let files = Dictionary(uniqueKeysWithValues: step.pending.map { ($0.name, $0.bytes) })
    try TrustCheck(folder: self, pending: files).run(step.next, at: time)
    for (name, bytes) in step.pending { try ReleaseFiles.write(bytes, to: "\(metadataFolder)/\(name)") }
    for role in step.finishedDrafts { try ReleaseFiles.remove(draftFile(role)) }
    step.progress.written = step.pending.map(\.name)
    return step.progress
  }

  func missing(_ file: SignedFile, _ role: SigningRole, version: Int) -> MissingSignatures? {
    let valid = file.validKeyIDs(of: role)
    guard valid.count < role.threshold else { return nil }
    let files = role.keyIDs.subtracting(valid).map(keys.title).sorted()
    return MissingSignatures(role: role.name, version: version, count: role.threshold - valid.count, keyFiles: files)
  }

  /// What each draft lacks. A root needs the word of the last root's keys, and of its own.
  func missingSignatures(_ state: ReleaseState) throws(ReleaseError) -> [MissingSignatures] {
    var all: [MissingSignatures] = []
    if let draft = try draft(.root) {
      let content = try RootContent(draft, name: draftFile(.root))
      for role in [state.root.content[.root], content[.root]] {
        if let missing = missing(draft, role, version: content.version), !all.contains(missing) { all.append(missing) }
      }
    }
    if let draft = try draft(.targets) {
      let content = try TargetsContent(draft, name: draftFile(.targets))
      if let missing = missing(draft, state.root.content[.targets], version: content.version) { all.append(missing) }
    }
    return all
  }
}

/// One walk from an old state to the next.
private struct Advance {
  let folder: ReleaseFolder
  let keys: KeyChain
  let time: DateTime
  let lifetimes: Lifetimes
  var next: ReleaseState
  var pending: [(name: String, bytes: [UInt8])] = []
  var finishedDrafts: [ReleaseRole] = []
  var progress = ReleaseProgress()

  mutating func takeRoot() throws(ReleaseError) {
    guard let draft = try folder.draft(.root) else { return }
    let content = try RootContent(draft, name: folder.draftFile(.root))
    guard content.version == next.root.content.version + 1 else { return finishedDrafts.append(.root) }
    let missing = [next.root.content[.root], content[.root]].compactMap { folder.missing(draft, $0, version: content.version) }
    guard missing.isEmpty else { return progress.waiting += missing.count == 2 && missing[0] == missing[1] ? [missing[0]] : missing }
    next.root = Written(draft, content)
    pending.append((content.fileName, next.root.bytes))
    finishedDrafts.append(.root)
  }

  /// - Returns: false where the roles can't go on without signatures that are missing.
  mutating func takeTargets() throws(ReleaseError) -> Bool {
    let role = next.root.content[.targets]
    var draft = try folder.draft(.targets)
    if let found = draft, try TargetsContent(found, name: folder.draftFile(.targets)).version != next.targets.content.version + 1 {
      finishedDrafts.append(.targets)
      draft = nil
    }
    let isCurrentSigned = next.targets.file.isSigned(by: role)
    if draft == nil, !isCurrentSigned || time >= next.targets.content.expires {
      var content = next.targets.content
      content.version += 1
      content.expires = time.advanced(by: lifetimes[.targets])
      draft = content.file
    }
    guard var draft else { return true }
    try keys.sign(&draft, as: role)
    let content = try TargetsContent(draft, name: folder.draftFile(.targets))
    if let missing = folder.missing(draft, role, version: content.version) {
      try ReleaseFiles.write(draft.bytes, to: folder.draftFile(.targets))
      progress.waiting.append(missing)
      return isCurrentSigned
    }
    next.targets = Written(draft, content)
    pending.append((content.fileName, next.targets.bytes))
    finishedDrafts.append(.targets)
    return true
  }

  mutating func renewSnapshot(_ wishes: ReleaseWishes) throws(ReleaseError) {
    var content = next.snapshot.content
    let isFit = content.targets == next.targets.facts && next.snapshot.file.isSigned(by: next.signers(of: .snapshot)) && time < content.expires
    guard !isFit || wishes.renewed.contains(.snapshot) else { return }
    content.targets = next.targets.facts
    next.snapshot = try renewed(content)
  }

  mutating func renewHalt(_ wishes: ReleaseWishes) throws(ReleaseError) {
    if let adopted = wishes.adoptedHalt {
      next.halt = adopted
      pending.append((adopted.content.fileName, adopted.bytes))
    }
    var content = next.halt.content
    let isFit = next.halt.file.isSigned(by: next.signers(of: .halt)) && content.halts == wishes.halt ?? content.halts && time < content.expires
    guard !isFit || wishes.renewed.contains(.halt) else { return }
    if let halts = wishes.halt { content.halts = halts }
    next.halt = try renewed(content)
  }

  mutating func renewTimestamp(_ wishes: ReleaseWishes) throws(ReleaseError) {
    var content = next.timestamp.content
    let (snapshot, halt) = (next.snapshot.facts, next.halt.facts)
    let isFit =
      content.snapshot == snapshot && content.halt == halt && next.timestamp.file.isSigned(by: next.signers(of: .timestamp))
      && time < content.expires
    guard !isFit || wishes.renewed.contains(.timestamp) || content.version <= wishes.timestampAbove else { return }
    (content.snapshot, content.halt) = (snapshot, halt)
    content.version = max(content.version, wishes.timestampAbove)
    next.timestamp = try renewed(content)
  }

  /// The content as its role's next version, signed.
  private mutating func renewed<Content: RoleContent>(_ old: Content) throws(ReleaseError) -> Written<Content> {
    var content = old
    content.version += 1
    content.expires = time.advanced(by: lifetimes[Content.role])
    var file = content.file
    try keys.signFully(&file, as: next.signers(of: Content.role))
    let written = Written(file, content)
    pending.append((content.fileName, written.bytes))
    return written
  }
}
