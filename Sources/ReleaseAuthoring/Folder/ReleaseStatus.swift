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

  /// Keys whose signatures devices want under an order.
  public struct OrderKeys: Sendable {
    public let keyCount: Int
    public let threshold: Int
    public let presentKeyCount: Int
  }

  public let roles: [Role]
  /// As the targets have them; nil where nobody gives orders.
  public let orders: OrderKeys?
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
    func present(_ signers: SigningRole) -> Int { entries.count { signers.keys[$0.id] != nil && keys.isPresent($0.name) } }
    func role<Content: RoleContent>(_ written: Written<Content>) -> ReleaseStatus.Role {
      let (role, expires) = (Content.role, written.content.expires)
      let signers = state.signers(of: role)
      return ReleaseStatus.Role(
        role: role, version: written.content.version, expires: expires, byteCount: written.bytes.count, keyCount: signers.keys.count,
        threshold: signers.threshold, presentKeyCount: present(signers), expiresSoon: time.advanced(by: lifetimes[role] / 4) >= expires,
        isExpired: time >= expires)
    }
    let orders = state.targets.content.commands.map {
      ReleaseStatus.OrderKeys(keyCount: $0.keys.count, threshold: $0.threshold, presentKeyCount: present($0))
    }
    return ReleaseStatus(
      roles: [role(state.root), role(state.targets), role(state.snapshot), role(state.timestamp), role(state.halt)], orders: orders,
      packages: try draftedTargets(state).packages.sorted { ($0.name, $0.release) < ($1.name, $1.release) }, halts: state.halt.content.halts,
      waiting: try missingSignatures(state), hasTargetsDraft: try draft(.targets) != nil)
  }

  /// The root that devices begin with.
  public var rootFile: String { metadataFile(.root, lastRootVersion()) }
}
