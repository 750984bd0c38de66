extension UpdateClient {
  /// What the fleet offers now, after `refresh()` if need be.
  ///
  /// - Throws: besides what `refresh()` throws: `.malformed` where a package's metadata aren't a package's, and `.unavailable`,
  ///   `.unsigned`, `.rollback`, `.mismatch`, `.expired` for the halts that the timestamp speaks of.
  public mutating func offer() throws(UpdatesError) -> ReleaseOffer {
    var packages: [ReleasedPackage] = []
    for (path, target) in try topLevelTargets() where path.hasPrefix(ReleasedPackage.folder) { packages.append(try ReleasedPackage(target)) }
    var halts: [Halt] = []
    for (path, target) in try halted() where path.hasPrefix(Halt.folder) { halts.append(try Halt(target)) }
    return ReleaseOffer(packages: packages.sorted { ($0.name, $0.release) < ($1.name, $1.release) }, halts: halts)
  }

  /// The targets of the `halt` role. It stands outside the snapshot, as whoever may halt doesn't hold the snapshot's key: the timestamp
  /// vouches for it instead, so that it is as fresh as everything else.
  private mutating func halted() throws(UpdatesError) -> [String: Target] {
    guard let file = try currentTimestamp().halt else { return [:] }
    let delegator = try topLevelMetadata()
    if let kept = store.load(Halt.role), let metadata = try? delegator.halt(kept, named: file, at: startTime) { return metadata.targets }
    guard let bytes = try source.metadata(Halt.role, version: file.version, limit: file.length ?? limits.targetsByteCount) else {
      throw UpdatesError(.unavailable, "halt.json version \(file.version) isn't there, though timestamp.json speaks of it")
    }
    let metadata = try delegator.halt(bytes, named: file, at: startTime)
    try store.save(Halt.role, bytes)
    return metadata.targets
  }
}

extension TargetsMetadata {
  /// The halt role's metadata, fit to be trusted: the file that the timestamp speaks of, signed by the keys that these top-level targets
  /// delegate to.
  ///
  /// - Throws: `.mismatch`, `.malformed`, `.unsigned`, `.expired`.
  public func halt(_ bytes: [UInt8], named file: MetaFile, at time: DateTime) throws(UpdatesError) -> TargetsMetadata {
    let name = "\(Halt.role).json"
    guard let delegations, let keys = delegations.keys(of: Halt.role) else {
      throw UpdatesError(.mismatch, "timestamp.json speaks of halts, and targets.json lets nobody halt: metadata of two states are mixed")
    }
    try file.check(bytes, file: name, against: TopLevelRole.timestamp.file)
    let envelope = try SignedMetadata(bytes, file: name)
    try envelope.verify(keys, keys: delegations.keys, file: name, by: TopLevelRole.targets.file)
    let metadata = try TargetsMetadata(envelope.signed, role: Halt.role)
    guard metadata.head.version == file.version else {
      throw UpdatesError(
        .mismatch, "\(name) is version \(metadata.head.version), and timestamp.json speaks of \(file.version): metadata of two states are mixed")
    }
    try metadata.head.check(at: time, file: name)
    return metadata
  }
}
