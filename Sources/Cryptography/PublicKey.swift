import CCrypto

/// A public key and the scheme that it verifies.
///
/// Equal keys are equal whatever text they came from.
public struct PublicKey: Equatable, Sendable {
  public let scheme: SignatureScheme
  /// DER of the SubjectPublicKeyInfo (RFC 5280 §4.1).
  public let encoded: [UInt8]

  static let leastRSABitCount = 2048
  static let ed25519ByteCount = 32

  /// Reads a key as metadata give it: 64 hexadecimal digits for Ed25519, PEM for the others.
  ///
  /// - Throws: `.malformedKey`, `.unfitKey`.
  public init(scheme: SignatureScheme, text: String) throws(CryptographyError) {
    let key: KeyHandle
    if scheme == .ed25519 {
      guard let bytes = Hexadecimal.bytes(text), bytes.count == Self.ed25519ByteCount,
        let raw = unsafe EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, bytes, bytes.count)
      else { throw CryptographyError(.malformedKey, "an Ed25519 public key is 64 hexadecimal digits, and this one isn't") }
      key = unsafe KeyHandle(raw)
    } else {
      key = try KeyHandle(publicPEM: text)
    }
    try self.init(scheme: scheme, key)
  }

  init(scheme: SignatureScheme, _ key: borrowing KeyHandle) throws(CryptographyError) {
    try key.check(fitFor: scheme)
    self.scheme = scheme
    encoded = try key.subjectPublicKeyInfo()
  }

  /// The key as metadata give it.
  public func text() throws(CryptographyError) -> String {
    if scheme == .ed25519 { return Hexadecimal.text(encoded.suffix(Self.ed25519ByteCount)) }
    return try KeyHandle(subjectPublicKeyInfo: encoded).publicPEM()
  }

  /// Whether `signature` is this key's of `message`. Malformed signatures are just not valid.
  public func isValid(_ signature: [UInt8], of message: [UInt8]) -> Bool {
    guard let key = try? KeyHandle(subjectPublicKeyInfo: encoded), let context = unsafe EVP_MD_CTX_new() else { return false }
    defer { unsafe EVP_MD_CTX_free(context) }
    // Leaves nothing in libcrypto's list of errors for others to find.
    defer { ERR_clear_error() }
    var options: OpaquePointer?
    let digest = unsafe scheme == .ed25519 ? nil : EVP_sha256()
    guard unsafe EVP_DigestVerifyInit(context, &options, digest, nil, key.pointer) == 1 else { return false }
    if scheme == .rsaPSS, unsafe swl_crypto_use_pss_sha256(options) != 1 { return false }
    return unsafe EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
  }
}
