import Cryptography
import JSONReading
import Updates

/// A metadata file in the making: what is said, and the signatures that it has so far.
struct SignedFile {
  let signed: JSONValue
  /// By key id.
  var signatures: [String: [UInt8]] = [:]

  init(_ signed: JSONValue) { self.signed = signed }

  init(_ bytes: [UInt8], name: String) throws(ReleaseError) {
    let envelope = try trusting(.damagedFolder) { () throws(UpdatesError) in try SignedMetadata(bytes, file: name) }
    signed = envelope.signed
    for signature in envelope.signatures { signatures[signature.keyID] = signature.bytes }
  }

  /// What is signed. Everything that this module writes is whole numbers and texts.
  var canonicalBytes: [UInt8] {
    guard let bytes = try? signed.canonicalBytes() else { preconditionFailure("metadata hold whole numbers alone") }
    return bytes
  }

  /// The file. Canonical JSON is JSON as long as no text has a control character, and none gets in here that has.
  var bytes: [UInt8] { bytes(beside: [:]) }

  /// - Parameter others: members that aren't signed.
  func bytes(beside others: [String: JSONValue]) -> [UInt8] {
    let list = signatures.sorted { $0.key < $1.key }.map { id, bytes in
      JSONValue.object(["keyid": .string(id), "sig": .string(Hexadecimal.text(bytes))])
    }
    let file = JSONValue.object(others.merging(["signed": signed, "signatures": .array(list)]) { _, own in own })
    guard let bytes = try? file.canonicalBytes() else { preconditionFailure("metadata hold whole numbers alone") }
    return bytes
  }

  mutating func sign(_ keyID: String, with key: PrivateKey, file: String) throws(ReleaseError) {
    signatures[keyID] = try unlocking(file) { () throws(CryptographyError) in try key.signature(of: canonicalBytes) }
  }

  /// Of a role's keys, those whose signature stands under this and is right.
  func validKeyIDs(of role: SigningRole) -> Set<String> {
    let message = canonicalBytes
    return role.keyIDs.filter { id in signatures[id].map { role.keys[id]?.isValid($0, of: message) ?? false } ?? false }
  }

  func isSigned(by role: SigningRole) -> Bool { validKeyIDs(of: role).count >= role.threshold }
}

/// Whose word a file needs: some keys, and how many of them.
struct SigningRole: Equatable {
  let name: ReleaseRole
  var keys: [String: PublicKey]
  var threshold: Int

  var keyIDs: Set<String> { Set(keys.keys) }
}

/// What one file says of another: its version, length and digest.
struct FileFacts: Equatable {
  var version: Int
  var length: Int
  var digest: String

  init(version: Int, of bytes: [UInt8]) {
    self.version = version
    length = bytes.count
    digest = SHA256.digest(of: bytes).hex
  }

  init(_ fields: ContentFields) throws(ReleaseError) {
    version = try fields.number("version")
    length = try fields.number("length")
    digest = try fields.object("hashes").text("sha256")
  }

  var json: JSONValue { .object(["version": .whole(version), "length": .whole(length), "hashes": .object(["sha256": .string(digest)])]) }

  func describes(_ bytes: [UInt8]) -> Bool { bytes.count == length && SHA256.digest(of: bytes).hex == digest }
}
