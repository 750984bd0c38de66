import Cryptography
import Glibc
import Updates

/// The keys of a release folder: `ROLE-N.pem` is the private key, `ROLE-N.pub` its public half, which stays when the private one is carried
/// away, so that what is missing can be named.
public struct KeyFolder: Sendable {
  public let path: String

  init(_ path: String) { self.path = path }

  /// A key that the folder knows.
  struct Entry {
    /// As in "root-2".
    let name: String
    let id: String
    let publicKey: PublicKey
  }

  func file(_ name: String) -> String { "\(path)/\(name).pem" }

  func isPresent(_ name: String) -> Bool { unsafe access(file(name), F_OK) == 0 }

  /// - Throws: `.damagedFolder` for a public half that is none.
  func entries() throws(ReleaseError) -> [Entry] {
    var entries: [Entry] = []
    for file in try ReleaseFiles.names(in: path) where file.hasSuffix(".pub") {
      let text = String(decoding: try ReleaseFiles.read("\(path)/\(file)"), as: UTF8.self).split(separator: "\n").first ?? ""
      let key = try unlocking("\(path)/\(file)") { () throws(CryptographyError) in try PublicKey(scheme: .ed25519, text: String(text)) }
      entries.append(Entry(name: String(file.dropLast(4)), id: KeyJSON.identifier(of: key), publicKey: key))
    }
    return entries
  }

  /// What a key is called here, for messages: its file, or its id where the folder doesn't know it.
  func title(of id: String) -> String {
    guard let entry = (try? entries())?.first(where: { $0.id == id }) else { return "the key \(id.prefix(16))…" }
    return file(entry.name)
  }

  /// Makes a key with the next number of its role.
  func make(_ role: ReleaseRole, passphrase: String?) throws(ReleaseError) -> (entry: Entry, key: PrivateKey) {
    let numbers = try entries().compactMap { $0.name.hasPrefix("\(role.rawValue)-") ? Int($0.name.dropFirst(role.rawValue.count + 1)) : nil }
    let name = "\(role.rawValue)-\((numbers.max() ?? 0) + 1)"
    let path = file(name)
    let key = try unlocking(path) { () throws(CryptographyError) in try PrivateKey.generate() }
    let pem = try unlocking(path) { () throws(CryptographyError) in try key.pem(passphrase: passphrase) }
    let text = try unlocking(path) { () throws(CryptographyError) in try key.publicKey.text() }
    try ReleaseFiles.writePrivate(Array(pem.utf8), to: path)
    try trusting { () throws(UpdatesError) in try replaceFile(at: "\(self.path)/\(name).pub", with: Array("\(text)\n".utf8)) }
    return (Entry(name: name, id: KeyJSON.identifier(of: key.publicKey), publicKey: key.publicKey), key)
  }
}

extension KeyFolder {
  /// Takes a key away that came to nothing.
  func remove(_ name: String) throws(ReleaseError) {
    for ending in ["pem", "pub"] { try ReleaseFiles.remove("\(path)/\(name).\(ending)") }
  }
}
