public import Updates

/// What a keeper did.
public enum KeeperEvent: Sendable {
  /// The release that is kept, when it is first seen and whenever it changed.
  case trusting(timestamp: Int, packageCount: Int)
  case renewed(timestamp: Int, expires: DateTime)
  case halted(Rollout, reason: String, timestamp: Int)
}

/// How a keeper keeps.
public struct KeeperPlan: Sendable {
  /// Nil never halts.
  public var rule: HaltRule?
  /// Seconds before its expiry at which the timestamp is renewed.
  public var renewBefore: Int64 = 10 * 86_400
  public var lifetimes = Lifetimes()

  public init() {}
}

/// Keeps a release alive: renews the timestamp before it expires, and halts packages that fail. It holds the timestamp's and the halt role's
/// keys alone, and so can neither add a package nor let more devices have one.
///
/// What it trusts it has from the broker by the client's workflow; a store that outlives the process guards it against rollback.
public struct Keeper<Store: MetadataStore> {
  private var store: Store
  private let keys: KeyChain
  private let plan: KeeperPlan
  public private(set) var release: TrustedRelease?
  private var announcedVersion = 0

  /// - Parameter store: has the root that is trusted.
  public init(store: Store, keys: KeyChain, plan: KeeperPlan) { (self.store, self.keys, self.plan) = (store, keys, plan) }

  /// Takes note of a timestamp on the broker: if it isn't the one that is kept, all is looked at anew.
  public mutating func note(timestamp bytes: [UInt8]) {
    if bytes != release?.timestampBytes { release = nil }
  }

  /// Learns what the broker serves, where that isn't known yet or has changed; signs nothing.
  public mutating func look(through session: BrokerSession, at time: DateTime) throws(ReleaseError) {
    if release == nil { try refresh(session, at: time) }
  }

  /// Does what is due.
  ///
  /// - Throws: `.untrusted` for what the broker serves, `.notThere` where it serves nothing, `.missingKey` after a rotation, `.broker`.
  public mutating func work(_ fleet: Fleet, through session: BrokerSession, at time: DateTime) throws(ReleaseError) -> [KeeperEvent] {
    try look(through: session, at: time)
    guard let seen = release else { return [] }
    var events: [KeeperEvent] = []
    if seen.timestamp.version != announcedVersion {
      events.append(.trusting(timestamp: seen.timestamp.version, packageCount: seen.packages.count))
      announcedVersion = seen.timestamp.version
    }
    guard isDue(seen, fleet, at: time) else { return events }
    // Someone else may have signed since.
    try refresh(session, at: time)
    guard let current = release else { return events }
    events += try sign(current, due(current, fleet), session, at: time)
    return events
  }

  private func isDue(_ release: TrustedRelease, _ fleet: Fleet, at time: DateTime) -> Bool {
    isEnding(release.timestamp.expires, at: time) || isEnding(release.halt.expires, at: time) || !due(release, fleet).isEmpty
  }

  private func isEnding(_ expiry: DateTime, at time: DateTime) -> Bool { time.advanced(by: plan.renewBefore) >= expiry }

  /// What is to be halted and isn't: of packages that are released on the channel.
  private func due(_ release: TrustedRelease, _ fleet: Fleet) -> [(rollout: Rollout, reason: String)] {
    (plan.rule?.halts(fleet) ?? []).filter { rollout, _ in
      release.packages.contains { $0.name == rollout.name && $0.version == rollout.version && release.share($0, on: rollout.channel) > 0 }
    }
  }

  private mutating func refresh(_ session: BrokerSession, at time: DateTime) throws(ReleaseError) {
    release = nil
    let (before, now) = (store.load("timestamp"), try session.retained([ReleaseTopics.timestamp])[ReleaseTopics.timestamp])
    guard let now else { throw ReleaseError(.notThere, "\(ReleaseTopics.timestamp) is empty: no release is published on \(session.connection.address) yet") }
    var start = time
    // The keeper's own last word may have expired while it was away, and is the one thing that it may renew then.
    if now == before, let kept = try? TimestampContent(SignedFile(now, name: "timestamp.json"), name: "timestamp.json"), kept.expires <= time {
      start = kept.expires.advanced(by: -1)
    }
    var client = try trusting { () throws(UpdatesError) in
      try UpdateClient(store: store, source: BrokerMetadata(session: session), startTime: start)
    }
    let outcome = Result { () throws(UpdatesError) in try client.refresh() }
    // Whatever failed, roots on the way were right.
    store = client.store
    try trusting { () throws(UpdatesError) in try outcome.get() }
    func file<Content: RoleContent>(_ type: Content.Type) throws(ReleaseError) -> (Content, [UInt8]) {
      let name = "\(Content.role.rawValue).json"
      guard let bytes = store.load(Content.role.rawValue) else { throw ReleaseError(.storage, "\(name) wasn't kept") }
      return (try Content(SignedFile(bytes, name: name), name: name), bytes)
    }
    let (timestamp, targets) = (try file(TimestampContent.self), try file(TargetsContent.self))
    let halt = try haltFile(timestamp.0.halt, targets: targets.1, session, at: start)
    try trusting { () throws(UpdatesError) in try store.save(ReleaseRole.halt.rawValue, halt) }
    let envelope = try SignedFile(halt, name: "halt.json")
    release = TrustedRelease(
      root: try file(RootContent.self).0, timestamp: timestamp.0, timestampBytes: timestamp.1, targets: targets.0, targetsBytes: targets.1,
      halt: try HaltContent(envelope, name: "halt.json"), haltFile: envelope)
  }

  private mutating func haltFile(
    _ facts: FileFacts, targets: [UInt8], _ session: BrokerSession, at time: DateTime
  ) throws(ReleaseError) -> [UInt8] {
    let topic = ReleaseTopics.metadata(.halt, facts.version)
    let kept = store.load(ReleaseRole.halt.rawValue)
    if let kept, let old = try? HaltContent(SignedFile(kept, name: "halt.json"), name: "halt.json"), old.version > facts.version {
      throw ReleaseError(.untrusted, "\(topic) is older than version \(old.version), which was here before (rollback)")
    }
    let bytes: [UInt8]
    if let kept, facts.describes(kept) {
      bytes = kept
    } else {
      guard let found = try session.retained([topic])[topic] else { throw ReleaseError(.untrusted, "\(topic) is empty, though the timestamp speaks of it") }
      bytes = found
    }
    try HaltCheck.run(bytes, named: facts, targets: targets, at: time)
    return bytes
  }

  private mutating func sign(
    _ old: TrustedRelease, _ due: [(rollout: Rollout, reason: String)], _ session: BrokerSession, at time: DateTime
  ) throws(ReleaseError) -> [KeeperEvent] {
    guard !due.isEmpty || isEnding(old.timestamp.expires, at: time) || isEnding(old.halt.expires, at: time) else { return [] }
    var messages: [(topic: String, payload: [UInt8])] = []
    var (halt, haltFile) = (old.halt, old.haltFile)
    for (rollout, reason) in due {
      halt.add(Halt(name: rollout.name, version: rollout.version, channels: [rollout.channel: 0], reason: reason))
    }
    if halt.halts != old.halt.halts || isEnding(old.halt.expires, at: time) {
      haltFile = try signed(&halt, as: old.targets.halt, at: time)
      messages.append((ReleaseTopics.metadata(.halt, halt.version), haltFile.bytes))
    }
    var timestamp = old.timestamp
    timestamp.halt = FileFacts(version: halt.version, of: haltFile.bytes)
    let file = try signed(&timestamp, as: old.root[.timestamp], at: time)
    try HaltCheck.run(haltFile.bytes, named: timestamp.halt, targets: old.targetsBytes, at: time)
    // Devices must find the halt when they see the timestamp.
    try session.publish(messages)
    try session.publish([(ReleaseTopics.timestamp, file.bytes)])
    for (role, bytes) in [(ReleaseRole.halt, haltFile.bytes), (.timestamp, file.bytes)] {
      try trusting(.storage) { () throws(UpdatesError) in try store.save(role.rawValue, bytes) }
    }
    release = TrustedRelease(
      root: old.root, timestamp: timestamp, timestampBytes: file.bytes, targets: old.targets, targetsBytes: old.targetsBytes, halt: halt,
      haltFile: haltFile)
    announcedVersion = timestamp.version
    let halted = due.map { KeeperEvent.halted($0.rollout, reason: $0.reason, timestamp: timestamp.version) }
    return halted.isEmpty ? [.renewed(timestamp: timestamp.version, expires: timestamp.expires)] : halted
  }

  private func signed<Content: RoleContent>(_ content: inout Content, as role: SigningRole, at time: DateTime) throws(ReleaseError) -> SignedFile {
    content.version += 1
    content.expires = time.advanced(by: plan.lifetimes[Content.role])
    var file = content.file
    try keys.sign(&file, as: role)
    guard file.isSigned(by: role) else {
      throw ReleaseError(
        .missingKey,
        "none of the given keys is the \(role.name.rawValue) role's any more: it was rotated; give the keeper the new one (\(role.name.rawValue)-N.pem)")
    }
    return file
  }
}
