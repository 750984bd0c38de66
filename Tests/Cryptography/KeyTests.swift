import Cryptography
import Testing

@Suite struct KeyTests {
  private let message = Array("a part passes".utf8)

  /// RFC 8032, §7.1, test 2.
  @Test func `an Ed25519 signature of the standard is valid, and of nothing else`() throws {
    let key = try PublicKey(scheme: .ed25519, text: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    let signature = try #require(
      Hexadecimal.bytes(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"))
    #expect(key.isValid(signature, of: [0x72]))
    #expect(!key.isValid(signature, of: [0x73]))
    for index in [0, 31, 32, 63] {
      var wrong = signature
      wrong[index] ^= 1
      #expect(!key.isValid(wrong, of: [0x72]), "bit flipped in byte \(index)")
    }
    #expect(!key.isValid([], of: [0x72]))
    #expect(!key.isValid(signature.dropLast(), of: [0x72]))
  }

  @Test func `a new key signs what its public half verifies`() throws {
    let (one, other) = (try PrivateKey.generate(), try PrivateKey.generate())
    let signature = try one.signature(of: message)
    #expect(signature.count == 64)
    #expect(one.publicKey.isValid(signature, of: message))
    #expect(!other.publicKey.isValid(signature, of: message))
    #expect(try PublicKey(scheme: .ed25519, text: one.publicKey.text()) == one.publicKey)
  }

  @Test func `a key file opens with its passphrase alone`() throws {
    let key = try PrivateKey.generate()
    let (pem, plain) = (try key.pem(passphrase: "gloves on"), try key.pem(passphrase: nil))
    #expect(pem.hasPrefix("-----BEGIN ENCRYPTED PRIVATE KEY-----"))
    #expect(plain.hasPrefix("-----BEGIN PRIVATE KEY-----"))
    let (opened, read) = (try PrivateKey(pem: pem, passphrase: "gloves on"), try PrivateKey(pem: plain, passphrase: nil))
    #expect(opened.publicKey == key.publicKey)
    #expect(read.publicKey == key.publicKey)
    for passphrase in ["gloves off", "", nil] as [String?] { #expect(code { try PrivateKey(pem: pem, passphrase: passphrase) } == .wrongPassphrase) }
    #expect(code { try PrivateKey(pem: String(plain.prefix(40)), passphrase: nil) } == .malformedKey)
    #expect(code { try PrivateKey(pem: "", passphrase: nil) } == .malformedKey)
  }

  @Test func `text that is no key is refused`() {
    for text in ["", "00", String(repeating: "g", count: 64), String(repeating: "0", count: 62), "-----BEGIN PUBLIC KEY-----\n!\n-----END PUBLIC KEY-----\n"] {
      for scheme in SignatureScheme.allCases { #expect(code { try PublicKey(scheme: scheme, text: text) } == .malformedKey, "\(scheme): \(text)") }
    }
  }

  /// Made by `openssl genpkey`; signatures by `openssl pkeyutl -sign -rawin -digest sha256` of "a part passes".
  @Test func `keys and signatures of OpenSSL's own command are valid`() throws {
    for sample in KeySamples.all {
      let key = try PublicKey(scheme: sample.scheme, text: sample.key)
      let signature = try #require(Hexadecimal.bytes(sample.signature))
      #expect(key.isValid(signature, of: message), "\(sample.scheme)")
      #expect(!key.isValid(signature, of: message + [0]), "\(sample.scheme)")
      var wrong = signature
      wrong[signature.count / 2] ^= 0x40
      #expect(!key.isValid(wrong, of: message), "\(sample.scheme)")
      #expect(try PublicKey(scheme: sample.scheme, text: key.text()) == key)
    }
  }

  @Test func `one padding doesn't pass for the other`() throws {
    let (pss, older) = (KeySamples.rsaPSS, KeySamples.rsaPKCS1)
    let (pssSignature, olderSignature) = (try #require(Hexadecimal.bytes(pss.signature)), try #require(Hexadecimal.bytes(older.signature)))
    #expect(try !PublicKey(scheme: .rsaPKCS1, text: pss.key).isValid(pssSignature, of: message))
    #expect(try !PublicKey(scheme: .rsaPSS, text: older.key).isValid(olderSignature, of: message))
  }

  @Test func `a key of another type, curve or size doesn't fit`() {
    #expect(code { try PublicKey(scheme: .rsaPSS, text: KeySamples.ecdsa.key) } == .unfitKey)
    #expect(code { try PublicKey(scheme: .ecdsaP256, text: KeySamples.rsaPSS.key) } == .unfitKey)
    #expect(code { try PublicKey(scheme: .ecdsaP256, text: KeySamples.otherCurve) } == .unfitKey)
    #expect(code { try PublicKey(scheme: .rsaPSS, text: KeySamples.shortRSA) } == .unfitKey)
  }

  /// The code of the error that `body` throws, nil where it throws none.
  private func code<Value: ~Copyable>(_ body: () throws -> Value) -> CryptographyError.Code? {
    do {
      _ = try body()
      return nil
    } catch { return (error as? CryptographyError)?.code }
  }
}
