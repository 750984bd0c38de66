import CCrypto

/// Owns a key of libcrypto, which is never changed, so that threads may share it.
@safe
struct KeyHandle: ~Copyable, @unchecked Sendable {
  let pointer: OpaquePointer

  init(_ pointer: OpaquePointer) { unsafe self.pointer = pointer }

  deinit { unsafe EVP_PKEY_free(pointer) }

  init(publicPEM text: String) throws(CryptographyError) {
    defer { ERR_clear_error() }
    let key = unsafe Self.reading(text) { unsafe swl_crypto_read_public_key($0) }
    guard let key = unsafe key else { throw CryptographyError(.malformedKey, "this is no public key in PEM (\"-----BEGIN PUBLIC KEY-----\")") }
    unsafe pointer = key
  }

  init(privatePEM text: String, passphrase: String?) throws(CryptographyError) {
    defer { ERR_clear_error() }
    let key = unsafe Self.reading(text) { memory in
      unsafe passphrase.map { unsafe swl_crypto_read_private_key(memory, $0) } ?? swl_crypto_read_private_key(memory, nil)
    }
    guard let key = unsafe key else {
      if text.contains("ENCRYPTED") { throw CryptographyError(.wrongPassphrase, "the passphrase is missing or doesn't open the key") }
      throw CryptographyError(.malformedKey, "this is no private key in PEM (\"-----BEGIN PRIVATE KEY-----\")")
    }
    unsafe pointer = key
  }

  init(subjectPublicKeyInfo bytes: [UInt8]) throws(CryptographyError) {
    defer { ERR_clear_error() }
    let key = unsafe bytes.withUnsafeBufferPointer { buffer in
      var next = buffer.baseAddress
      return unsafe d2i_PUBKEY(nil, &next, buffer.count)
    }
    guard let key = unsafe key else { throw CryptographyError(.malformedKey, "this is no encoded public key") }
    unsafe pointer = key
  }

  private static func reading(_ text: String, _ read: (OpaquePointer) -> OpaquePointer?) -> OpaquePointer? {
    let bytes = Array(text.utf8)
    return unsafe bytes.withUnsafeBytes { buffer in
      guard let memory = unsafe swl_crypto_memory(buffer.baseAddress, Int32(clamping: buffer.count)) else { return nil }
      defer { unsafe BIO_free(memory) }
      return unsafe read(memory)
    }
  }

  func subjectPublicKeyInfo() throws(CryptographyError) -> [UInt8] {
    let count = unsafe i2d_PUBKEY(pointer, nil)
    guard count > 0 else { throw CryptographyError(.failed, "libcrypto doesn't encode the key") }
    var bytes = [UInt8](repeating: 0, count: Int(count))
    let written = unsafe bytes.withUnsafeMutableBufferPointer { buffer in
      var next = buffer.baseAddress
      return unsafe i2d_PUBKEY(pointer, &next)
    }
    guard written == count else { throw CryptographyError(.failed, "libcrypto doesn't encode the key") }
    return bytes
  }

  func publicPEM() throws(CryptographyError) -> String { try unsafe written { unsafe PEM_write_bio_PUBKEY($0, pointer) } }

  func privatePEM(passphrase: String?) throws(CryptographyError) -> String {
    try unsafe written { memory in
      unsafe passphrase.map { unsafe swl_crypto_write_private_key(memory, pointer, $0) } ?? swl_crypto_write_private_key(memory, pointer, nil)
    }
  }

  private func written(_ write: (OpaquePointer) -> Int32) throws(CryptographyError) -> String {
    guard let memory = unsafe BIO_new(BIO_s_mem()) else { throw CryptographyError(.failed, "libcrypto has no memory for a key's text") }
    defer { unsafe BIO_free(memory) }
    var start: UnsafeMutablePointer<CChar>?
    guard unsafe write(memory) == 1, case let count = unsafe swl_crypto_written(memory, &start), count > 0, let start = unsafe start else {
      throw CryptographyError(.failed, "libcrypto doesn't write the key")
    }
    return unsafe String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
  }

  /// The head of a SubjectPublicKeyInfo whose curve is P-256, by name (RFC 5480 §2.1.1).
  private static let p256Head: [UInt8] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03,
    0x42, 0x00, 0x04,
  ]

  /// - Throws: `.unfitKey` where the scheme wants a key of another type, curve or size.
  func check(fitFor scheme: SignatureScheme) throws(CryptographyError) {
    let type = unsafe swl_crypto_key_type(pointer)
    switch scheme {
    case .ed25519:
      guard type == EVP_PKEY_ED25519 else { throw CryptographyError(.unfitKey, "this is no Ed25519 key") }
    case .ecdsaP256:
      guard type == EVP_PKEY_EC, try subjectPublicKeyInfo().starts(with: Self.p256Head) else {
        throw CryptographyError(.unfitKey, "this is no key on the curve P-256")
      }
    case .rsaPSS, .rsaPKCS1:
      guard type == EVP_PKEY_RSA, unsafe swl_crypto_key_bits(pointer) >= Int32(PublicKey.leastRSABitCount) else {
        throw CryptographyError(.unfitKey, "this is no RSA key of at least \(PublicKey.leastRSABitCount) bits")
      }
    }
  }
}
