import Cryptography
public import Updates

/// A key that took another one's place.
public struct RotatedKey: Sendable {
  public let newKeyFile: String
  /// Nil where the role had none.
  public let oldKeyFile: String?
  public let progress: ReleaseProgress
}

extension ReleaseFolder {
  /// Adds signatures of the keys at hand to a draft, `root` or `targets`, and releases it where it has all that it needs.
  ///
  /// - Parameter keyFile: a key of the role.
  public func sign(_ role: ReleaseRole, with keyFile: String, _ keys: KeyChain, at time: DateTime) throws(ReleaseError) -> ReleaseProgress {
    guard var draft = try draft(role) else {
      throw ReleaseError(.notThere, "no draft of \(role.rawValue) waits for signatures (\(draftFile(role))); see: swiftlet release status \(path)")
    }
    let state = try state()
    guard let topLevel = role.topLevel else { throw ReleaseError(.invalid, "‘\(role.rawValue)’ has no drafts; expected root or targets") }
    var allowed = state.root.content[topLevel].keys
    if role == .root { allowed.merge(try RootContent(draft, name: draftFile(.root))[.root].keys) { one, _ in one } }
    let key = try keys.open(keyFile)
    let keyID = KeyJSON.identifier(of: key.publicKey)
    guard allowed[keyID] != nil else {
      let files = allowed.keys.map(self.keys.title).sorted()
      throw ReleaseError(.unusableKey, "\(keyFile) is no key of \(role.rawValue); expected \(files.joined(separator: " or "))")
    }
    try draft.sign(keyID, with: key, file: keyFile)
    try ReleaseFiles.write(draft.bytes, to: draftFile(role))
    do throws(ReleaseError) { return try advance(keys, at: time) } catch {
      // The signature is in the draft; someone else may have to go on where the other keys are.
      guard error.code == .missingKey else { throw error }
      return ReleaseProgress(written: [], waiting: try missingSignatures(state))
    }
  }

  /// Puts a new key in an old one's place. For a top-level role that is a new root, signed by the old and the new root's keys; for `halt` and
  /// `commands` new targets. Roles whose key changed are signed anew.
  ///
  /// - Parameter old: the key's name, as in "root-2"; nil where the role has only one, or none yet, as `commands` in a folder from before it.
  public func rotate(
    _ role: ReleaseRole, replacing old: String?, passphrase: String?, _ keys: KeyChain, at time: DateTime
  ) throws(ReleaseError) -> RotatedKey {
    let state = try state()
    let current = try role == .commands ? draftedTargets(state).commands ?? state.signers(of: role) : state.signers(of: role)
    let replaced = try current.keys.isEmpty && old == nil ? nil : replacedKey(role, old, current)
    if role.topLevel != nil { try checkNoRootWaits() }
    let (made, key) = try self.keys.make(role, passphrase: passphrase)
    keys.hold(key)
    func exchange(_ role: inout SigningRole) {
      if let replaced { role.keys[replaced.id] = nil }
      role.keys[made.id] = made.publicKey
    }
    let progress: ReleaseProgress
    do throws(ReleaseError) {
      if let topLevel = role.topLevel {
        progress = try editRoot(keys, at: time) { exchange(&$0[topLevel]) }
      } else {
        progress = try editTargets(keys, at: time) { content throws(ReleaseError) in
          guard role == .commands else { return exchange(&content.halt) }
          var commands = content.commands ?? current
          exchange(&commands)
          content.commands = commands
        }
      }
    } catch {
      if try !isDrafted(made.id) { try self.keys.remove(made.name) }
      throw error
    }
    return RotatedKey(newKeyFile: self.keys.file(made.name), oldKeyFile: replaced?.title, progress: progress)
  }

  /// Whether a draft names the key.
  private func isDrafted(_ id: String) throws(ReleaseError) -> Bool {
    if let draft = try draft(.root), try RootContent(draft, name: draftFile(.root)).roles.values.contains(where: { $0.keys[id] != nil }) { return true }
    guard let draft = try draft(.targets) else { return false }
    let content = try TargetsContent(draft, name: draftFile(.targets))
    return content.halt.keys[id] != nil || content.commands?.keys[id] != nil
  }

  private func checkNoRootWaits() throws(ReleaseError) {
    guard try draft(.root) == nil else {
      throw ReleaseError(.conflict, "a new root waits for signatures already (\(draftFile(.root))): sign it, or remove that file to give it up")
    }
  }

  private func replacedKey(_ role: ReleaseRole, _ name: String?, _ current: SigningRole) throws(ReleaseError) -> (id: String, title: String) {
    let entries = try keys.entries().filter { current.keys[$0.id] != nil }
    let names = entries.map(\.name).joined(separator: ", ")
    guard let name else {
      guard current.keys.count == 1, let id = current.keys.keys.first else {
        throw ReleaseError(.invalid, "\(role.rawValue) has several keys; say which one goes with --old: \(names)")
      }
      return (id, keys.title(of: id))
    }
    guard let entry = entries.first(where: { $0.name == name }) else {
      throw ReleaseError(.notThere, "‘\(name)’ is no key of \(role.rawValue) at present; it has: \(names)")
    }
    return (entry.id, keys.file(entry.name))
  }

  /// New expiries for all roles, or for the root.
  public func renew(root: Bool, _ keys: KeyChain, at time: DateTime) throws(ReleaseError) -> ReleaseProgress {
    if root {
      try checkNoRootWaits()
      return try editRoot(keys, at: time) { _ in }
    }
    let state = try state()
    var content = try draftedTargets(state)
    content.version = state.targets.content.version + 1
    content.expires = time.advanced(by: try lifetimes()[.targets])
    if try draft(.targets) == nil { try ReleaseFiles.write(content.file.bytes, to: draftFile(.targets)) }
    var renewed: Set<ReleaseRole> = [.snapshot, .halt, .timestamp]
    // A keeper that alone has the halt key renews that file itself.
    if try !keys.hasAny(of: state.targets.content.halt) { renewed.remove(.halt) }
    return try advance(keys, at: time, ReleaseWishes(renewed: renewed))
  }

  /// A new expiry for the timestamp alone.
  public func renewTimestamp(_ keys: KeyChain, at time: DateTime) throws(ReleaseError) -> ReleaseProgress {
    try advance(keys, at: time, ReleaseWishes(renewed: [.timestamp]))
  }

  private func editRoot(_ keys: KeyChain, at time: DateTime, _ change: (inout RootContent) -> Void) throws(ReleaseError) -> ReleaseProgress {
    let state = try state()
    var content = state.root.content
    change(&content)
    content.version += 1
    content.expires = time.advanced(by: try lifetimes()[.root])
    var file = content.file
    for role in [state.root.content[.root], content[.root]] { try keys.sign(&file, as: role) }
    try ReleaseFiles.write(file.bytes, to: draftFile(.root))
    return try advance(keys, at: time)
  }

  /// Halts a package on channels by the folder's own halt key, or narrows it.
  public func halt(_ halt: Halt, _ keys: KeyChain, at time: DateTime) throws(ReleaseError) -> ReleaseProgress {
    var content = try state().halt.content
    guard content.add(halt) else { return ReleaseProgress() }
    return try advance(keys, at: time, ReleaseWishes(halt: content.halts))
  }

  /// Takes a halt back.
  public func liftHalt(_ name: String, _ version: String, _ keys: KeyChain, at time: DateTime) throws(ReleaseError) -> ReleaseProgress {
    let halts = try state().halt.content.halts
    guard halts.contains(where: { $0.name == name && $0.version == version }) else {
      throw ReleaseError(.notThere, "\(name) \(version) isn't halted")
    }
    return try advance(keys, at: time, ReleaseWishes(halt: halts.filter { $0.name != name || $0.version != version }))
  }
}
