import Cryptography
import Updates

/// The private keys that are at hand: those in the folder, and files that were named beside. Opened when they are first needed.
public final class KeyChain {
  /// Gives the passphrase of an encrypted key file.
  public typealias PassphraseSource = (_ file: String) throws(ReleaseError) -> String

  private let folder: KeyFolder?
  private let passphrase: PassphraseSource
  private var opened: [String: PrivateKey] = [:]
  /// Most people give all their keys one passphrase, and don't want to be asked for each.
  private var lastPassphrase: String?

  /// - Parameter files: key files that lie elsewhere, opened at once.
  public init(folder: KeyFolder?, files: [String] = [], passphrase: @escaping PassphraseSource) throws(ReleaseError) {
    (self.folder, self.passphrase) = (folder, passphrase)
    for file in files {
      let key = try open(file)
      opened[KeyJSON.identifier(of: key.publicKey)] = key
    }
  }

  func open(_ file: String) throws(ReleaseError) -> PrivateKey {
    let pem = String(decoding: try ReleaseFiles.read(file), as: UTF8.self)
    let isEncrypted = pem.contains("ENCRYPTED")
    if isEncrypted, let lastPassphrase, let key = try? PrivateKey(pem: pem, passphrase: lastPassphrase) { return key }
    let given = isEncrypted ? try passphrase(file) : nil
    let key = try unlocking(file) { () throws(CryptographyError) in try PrivateKey(pem: pem, passphrase: given) }
    if isEncrypted { lastPassphrase = given }
    return key
  }

  /// Has a key at hand that was just made.
  func hold(_ key: PrivateKey) { opened[KeyJSON.identifier(of: key.publicKey)] = key }

  /// The key of this id; nil where it isn't at hand.
  func key(_ id: String) throws(ReleaseError) -> PrivateKey? {
    if let key = opened[id] { return key }
    guard let folder, let entry = try folder.entries().first(where: { $0.id == id }), folder.isPresent(entry.name) else { return nil }
    let key = try open(folder.file(entry.name))
    guard key.publicKey == entry.publicKey else {
      throw ReleaseError(.unusableKey, "\(folder.file(entry.name)) is another key than the one it was made as; put the right file there")
    }
    opened[id] = key
    return key
  }

  /// Whether one of the role's keys is at hand; opens none.
  func hasAny(of role: SigningRole) throws(ReleaseError) -> Bool {
    if role.keyIDs.contains(where: { opened[$0] != nil }) { return true }
    guard let folder else { return false }
    return try folder.entries().contains { role.keys[$0.id] != nil && folder.isPresent($0.name) }
  }

  /// Adds the signatures that a file still needs of a role's keys, as far as they are at hand.
  func sign(_ file: inout SignedFile, as role: SigningRole) throws(ReleaseError) {
    var valid = file.validKeyIDs(of: role).count
    for id in role.keyIDs.sorted() where valid < role.threshold && !file.validKeyIDs(of: role).contains(id) {
      guard let key = try key(id) else { continue }
      try file.sign(id, with: key, file: title(of: id))
      valid += 1
    }
  }

  /// - Throws: `.missingKey`, which names the files, where not enough keys are at hand.
  func signFully(_ file: inout SignedFile, as role: SigningRole) throws(ReleaseError) {
    try sign(&file, as: role)
    guard !file.isSigned(by: role) else { return }
    let missing = role.keyIDs.subtracting(file.validKeyIDs(of: role)).sorted().map(title)
    throw ReleaseError(
      .missingKey,
      "\(role.name.rawValue) metadata need the signature of \(missing.joined(separator: " or ")), which isn't there; put the file back, or name it by --key")
  }

  func title(of id: String) -> String { folder?.title(of: id) ?? "the key \(id.prefix(16))…" }
}
