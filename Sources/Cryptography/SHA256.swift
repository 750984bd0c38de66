import CCrypto

/// SHA-256 (FIPS 180-4) of bytes that come in pieces, by the system's libcrypto, which uses the processor's own instructions.
@safe public struct SHA256: ~Copyable {
  private let context: OpaquePointer

  /// Ends the process where there is no memory for the state of some hundred bytes.
  public init() {
    guard let made = unsafe EVP_MD_CTX_new(), unsafe EVP_DigestInit_ex(made, EVP_sha256(), nil) == 1 else {
      fatalError("libcrypto can't begin a SHA-256: there is no memory left")
    }
    unsafe context = made
  }

  deinit {
    unsafe EVP_MD_CTX_free(context)
  }

  /// Adds the next bytes.
  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    let succeeded = unsafe EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    precondition(succeeded == 1, "libcrypto's SHA-256 takes any bytes")
  }

  /// Adds the next bytes.
  public mutating func update(_ bytes: Span<UInt8>) {
    unsafe bytes.withUnsafeBytes { unsafe update($0) }
  }

  /// The digest of all bytes added.
  public consuming func finish() -> SHA256Digest {
    var digest = [UInt8](repeating: 0, count: SHA256Digest.byteCount)
    let succeeded = unsafe EVP_DigestFinal_ex(context, &digest, nil)
    precondition(succeeded == 1, "libcrypto's SHA-256 ends after any bytes")
    return SHA256Digest(unchecked: digest)
  }

  /// The digest of these bytes alone.
  public static func digest(of bytes: [UInt8]) -> SHA256Digest {
    var hash = SHA256()
    hash.update(bytes.span)
    return hash.finish()
  }
}
