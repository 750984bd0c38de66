/// The client's workflow of The Update Framework 1.0 (§5): brings the trusted metadata up to date and finds targets in them.
///
/// One object is one update: its time stands still from `init` on. Whatever fails leaves the store as far as it was right.
public struct UpdateClient<Store: MetadataStore, Source: MetadataSource> {
  public internal(set) var store: Store
  public internal(set) var source: Source
  let limits: MetadataLimits
  private var trusted: TrustedMetadata
  private var isFresh = false
  /// By the chain of delegations that leads there: each link is another word on whose keys count.
  private var roles: [[String]: TargetsMetadata] = [:]

  /// - Parameter startTime: the time now, or a later one that is known to have been.
  /// - Throws: `.storage` where the store has no root, and what makes the root that it has unfit.
  public init(store: Store, source: Source, startTime: DateTime, limits: MetadataLimits = MetadataLimits()) throws(UpdatesError) {
    (self.store, self.source, self.limits) = (store, source, limits)
    guard let root = self.store.load(TopLevelRole.root.rawValue) else {
      throw UpdatesError(.storage, "there is no trusted root.json to begin with; install the one that the fleet manager gave you")
    }
    trusted = try TrustedMetadata(root: root, startTime: startTime)
  }

  public var rootVersion: Int { trusted.root.head.version }
  /// Whether files bear their version or hash in their name (§6.2).
  public var isConsistentSnapshot: Bool { trusted.root.isConsistentSnapshot }
  /// Nil before `refresh()`.
  public var timestampVersion: Int? { trusted.timestamp?.head.version }

  /// Brings root, timestamp, snapshot and top-level targets up to date (§5.3 to 5.6.6). Does nothing a second time.
  public mutating func refresh() throws(UpdatesError) {
    guard !isFresh else { return }
    try updateRoots()
    try updateTimestamp()
    try updateSnapshot()
    _ = try targets([TopLevelRole.targets.rawValue], delegations: nil)
    isFresh = true
  }

  private mutating func updateRoots() throws(UpdatesError) {
    for _ in 0..<limits.rootCount {
      let next = trusted.root.head.version + 1
      guard let bytes = try source.metadata(TopLevelRole.root.rawValue, version: next, limit: limits.rootByteCount) else { break }
      let old = trusted.root
      try trusted.updateRoot(bytes)
      // A rotation ends what the old keys said, also numbers that an attacker drove up (§5.3.11). First, so that a power cut can't
      // leave them beside the new root.
      for role in [TopLevelRole.timestamp, .snapshot] where !trusted.root.hasSameKeys(as: old, for: role) {
        try store.remove(TopLevelRole.timestamp.rawValue)
        try store.remove(TopLevelRole.snapshot.rawValue)
        break
      }
      try store.save(TopLevelRole.root.rawValue, bytes)
    }
    try trusted.checkFinalRoot()
  }

  private mutating func updateTimestamp() throws(UpdatesError) {
    let role = TopLevelRole.timestamp.rawValue
    // One that is no longer fit guards against nothing, and is replaced.
    if let kept = store.load(role) { _ = try? trusted.updateTimestamp(kept, isKept: true) }
    guard let bytes = try source.metadata(role, version: nil, limit: limits.timestampByteCount) else {
      throw UpdatesError(.unavailable, "there is no timestamp.json; has a release been published?")
    }
    if try trusted.updateTimestamp(bytes) { try store.save(role, bytes) }
    _ = try trusted.checkFinalTimestamp()
  }

  private mutating func updateSnapshot() throws(UpdatesError) {
    let role = TopLevelRole.snapshot.rawValue
    if let kept = store.load(role) { try? trusted.updateSnapshot(kept, isKept: true) }
    guard try !trusted.hasFinalSnapshot() else { return }
    let file = try trusted.checkFinalTimestamp().snapshot
    let bytes = try fetch(role, file, limit: limits.snapshotByteCount)
    try trusted.updateSnapshot(bytes)
    try store.save(role, bytes)
  }

  private mutating func fetch(_ role: String, _ file: MetaFile, limit: Int) throws(UpdatesError) -> [UInt8] {
    let version = trusted.root.isConsistentSnapshot ? file.version : nil
    guard let bytes = try source.metadata(role, version: version, limit: file.length ?? limit) else {
      throw UpdatesError(.unavailable, "\(role).json version \(file.version) isn't there, though other metadata speak of it")
    }
    return bytes
  }

  /// What the store has if it is fit, else what the source gives.
  ///
  /// - Parameters:
  ///   - chain: the roles that lead there, itself at the end.
  ///   - delegations: those of the role before it; nil for the top-level one.
  private mutating func targets(_ chain: [String], delegations: Delegations?) throws(UpdatesError) -> TargetsMetadata {
    if let known = roles[chain] { return known }
    let role = chain[chain.count - 1]
    let keys = delegations.map { $0.keys(of: role) } ?? trusted.root[.targets]
    guard let keys else { preconditionFailure("a role is found in the delegations that name its keys") }
    let ring = delegations?.keys ?? trusted.root.keys
    let delegator = delegations == nil ? "root version \(trusted.root.head.version)" : "\(chain[chain.count - 2]).json"
    if let kept = store.load(role), let metadata = try? trusted.targets(kept, role: role, keys: keys, ring: ring, delegator: delegator) {
      roles[chain] = metadata
      return metadata
    }
    let bytes = try fetch(role, try trusted.file(of: role), limit: limits.targetsByteCount)
    let metadata = try trusted.targets(bytes, role: role, keys: keys, ring: ring, delegator: delegator)
    try store.save(role, bytes)
    roles[chain] = metadata
    return metadata
  }

  /// Searches the roles depth first, the most trusted first (§5.6.7), after `refresh()` if need be.
  ///
  /// - Throws: `.noSuchTarget`, and whatever makes a role on the way unfit: the search ends there.
  public mutating func target(_ path: String) throws(UpdatesError) -> Target {
    try refresh()
    var open: [(chain: [String], delegations: Delegations?)] = [([TopLevelRole.targets.rawValue], nil)]
    var visited: Set<String> = []
    while let (chain, delegations) = open.popLast(), visited.count <= limits.roleCount {
      guard visited.insert(chain[chain.count - 1]).inserted else { continue }
      let metadata = try targets(chain, delegations: delegations)
      if let target = metadata.targets[path] { return target }
      guard let next = metadata.delegations else { continue }
      var children: [(chain: [String], delegations: Delegations?)] = []
      for (role, isTerminating) in next.roles(for: path) {
        children.append((chain + [role], next))
        if isTerminating {
          open = []
          break
        }
      }
      open += children.reversed()
    }
    throw UpdatesError(.noSuchTarget, "no role that is trusted with it speaks of ‘\(path)’")
  }

  /// Targets of the top-level role, by path; their delegates' aren't among them.
  public mutating func topLevelTargets() throws(UpdatesError) -> [String: Target] { try topLevelMetadata().targets }

  mutating func topLevelMetadata() throws(UpdatesError) -> TargetsMetadata {
    try refresh()
    return try targets([TopLevelRole.targets.rawValue], delegations: nil)
  }

  mutating func currentTimestamp() throws(UpdatesError) -> TimestampMetadata {
    try refresh()
    return try trusted.checkFinalTimestamp()
  }

  var startTime: DateTime { trusted.startTime }

  /// When the first of root, timestamp and snapshot expires.
  var expires: DateTime {
    [trusted.root.head, trusted.timestamp?.head, trusted.snapshot?.head].compactMap { $0?.expires }.reduce(trusted.root.head.expires, min)
  }
}
