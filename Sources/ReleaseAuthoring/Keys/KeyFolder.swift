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
    for file in try FolderFiles.names(in: path) where file.hasSuffix(".pub") {
      let text = String(decoding: try FolderFiles.read("\(path)/\(file)"), as: UTF8.self).split(separator: "\n").first ?? ""
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
    try FolderFiles.writePrivate(Array(pem.utf8), to: path)
    try trusting { () throws(UpdatesError) in try replaceFile(at: "\(self.path)/\(name).pub", with: Array("\(text)\n".utf8)) }
    return (Entry(name: name, id: KeyJSON.identifier(of: key.publicKey), publicKey: key.publicKey), key)
  }
}

extension KeyFolder {
  /// Takes a key away that came to nothing.
  func remove(_ name: String) throws(ReleaseError) {
    for ending in ["pem", "pub"] { try FolderFiles.remove("\(path)/\(name).\(ending)") }
  }
}

/// The plain file work of a release folder.
enum FolderFiles {
  static func read(_ path: String) throws(ReleaseError) -> [UInt8] {
    guard let bytes = contents(of: path) else {
      throw ReleaseError(.storage, "\(path) can't be read: \(unsafe String(cString: strerror(errno)))")
    }
    return bytes
  }

  static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

  static func write(_ bytes: [UInt8], to path: String) throws(ReleaseError) {
    try trusting(.storage) { () throws(UpdatesError) in try replaceFile(at: path, with: bytes) }
  }

  static func remove(_ path: String) throws(ReleaseError) { try trusting(.storage) { () throws(UpdatesError) in try removeFile(at: path) } }

  /// In order. A folder that isn't there has none.
  static func names(in folder: String) throws(ReleaseError) -> [String] {
    guard let stream = unsafe opendir(folder) else {
      if errno == ENOENT { return [] }
      throw ReleaseError(.storage, "\(folder) can't be listed: \(unsafe String(cString: strerror(errno)))")
    }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }

  /// A folder that is there already is no error.
  static func makeFolder(_ path: String, mode: mode_t = 0o755) throws(ReleaseError) {
    guard unsafe mkdir(path, mode) == 0 || errno == EEXIST else {
      throw ReleaseError(.storage, "the folder \(path) can't be made: \(unsafe String(cString: strerror(errno)))")
    }
  }

  /// A new file that its owner alone may read, on the disk once this returns.
  static func writePrivate(_ bytes: [UInt8], to path: String) throws(ReleaseError) {
    func failure() -> ReleaseError { ReleaseError(.storage, "\(path) can't be written: \(unsafe String(cString: strerror(errno)))") }
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw failure() }
    defer { close(descriptor) }
    guard unsafe Glibc.write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else { throw failure() }
  }
}
