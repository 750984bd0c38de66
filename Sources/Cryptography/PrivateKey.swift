import CCrypto

/// An Ed25519 key that signs (RFC 8032). Its memory is wiped when the last reference goes.
public final class PrivateKey: Sendable {
  private let key: KeyHandle
  public let publicKey: PublicKey

  private init(_ key: consuming KeyHandle) throws(CryptographyError) {
    publicKey = try PublicKey(scheme: .ed25519, key)
    self.key = key
  }

  /// A new key from the system's randomness.
  public static func generate() throws(CryptographyError) -> PrivateKey {
    var key: OpaquePointer?
    guard let context = unsafe EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, nil) else { throw CryptographyError(.failed, "libcrypto has no Ed25519") }
    defer { unsafe EVP_PKEY_CTX_free(context) }
    guard unsafe EVP_PKEY_keygen_init(context) == 1, unsafe EVP_PKEY_keygen(context, &key) == 1, let key = unsafe key else {
      throw CryptographyError(.failed, "libcrypto made no key; is there randomness?")
    }
    return try PrivateKey(unsafe KeyHandle(key))
  }

  /// Reads a PEM file's text (PKCS#8), encrypted or not.
  ///
  /// - Throws: `.wrongPassphrase` where it is encrypted and `passphrase` doesn't open it, `.malformedKey`, `.unfitKey`.
  public convenience init(pem: String, passphrase: String?) throws(CryptographyError) {
    try self.init(KeyHandle(privatePEM: pem, passphrase: passphrase))
  }

  /// The key as PEM (PKCS#8), encrypted (PBES2, AES-256) where a passphrase is given.
  public func pem(passphrase: String?) throws(CryptographyError) -> String { try key.privatePEM(passphrase: passphrase) }

  /// The signature of `message`, 64 bytes.
  public func signature(of message: [UInt8]) throws(CryptographyError) -> [UInt8] {
    guard let context = unsafe EVP_MD_CTX_new() else { throw CryptographyError(.failed, "libcrypto has no memory to sign with") }
    defer { unsafe EVP_MD_CTX_free(context) }
    var signature = [UInt8](repeating: 0, count: 64)
    var count = signature.count
    guard unsafe EVP_DigestSignInit(context, nil, nil, nil, key.pointer) == 1,
      unsafe EVP_DigestSign(context, &signature, &count, message, message.count) == 1, count == signature.count
    else { throw CryptographyError(.failed, "libcrypto didn't sign") }
    return signature
  }
}
