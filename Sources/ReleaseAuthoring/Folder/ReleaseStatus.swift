public import Updates

/// What a release folder holds, for people and machines.
public struct ReleaseStatus: Sendable {
  public struct Role: Sendable {
    public let role: ReleaseRole
    public let version: Int
    public let expires: DateTime
    /// Bytes of the file: what a message must hold.
    public let byteCount: Int
    public let keyCount: Int
    public let threshold: Int
    /// Private keys of the role that lie in the folder.
    public let presentKeyCount: Int
    /// A quarter of its lifetime or less is left.
    public let expiresSoon: Bool
    public let isExpired: Bool
  }

  public let roles: [Role]
  public let packages: [ReleasedPackage]
  public let halts: [Halt]
  public let waiting: [MissingSignatures]
  /// Packages of the draft are shown, not those that are released.
  public let hasTargetsDraft: Bool
}

extension ReleaseFolder {
  public func status(at time: DateTime) throws(ReleaseError) -> ReleaseStatus {
    let state = try state()
    let lifetimes = try lifetimes()
    let entries = try keys.entries()
    func role<Content: RoleContent>(_ written: Written<Content>) -> ReleaseStatus.Role {
      let (role, expires) = (Content.role, written.content.expires)
      let signers = state.signers(of: role)
      let present = entries.count { signers.keys[$0.id] != nil && keys.isPresent($0.name) }
      return ReleaseStatus.Role(
        role: role, version: written.content.version, expires: expires, byteCount: written.bytes.count, keyCount: signers.keys.count,
        threshold: signers.threshold, presentKeyCount: present, expiresSoon: time.advanced(by: lifetimes[role] / 4) >= expires, isExpired: time >= expires)
    }
    return ReleaseStatus(
      roles: [role(state.root), role(state.targets), role(state.snapshot), role(state.timestamp), role(state.halt)],
      packages: try draftedTargets(state).packages.sorted { ($0.name, $0.release) < ($1.name, $1.release) }, halts: state.halt.content.halts,
      waiting: try missingSignatures(state), hasTargetsDraft: try draft(.targets) != nil)
  }

  /// The root that devices begin with.
  public var rootFile: String { metadataFile(.root, lastRootVersion()) }
}
