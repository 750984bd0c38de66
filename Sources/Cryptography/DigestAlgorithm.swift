import CCrypto

/// A cryptographic hash function by the name that update metadata give it.
public enum DigestAlgorithm: String, CaseIterable, Sendable {
  case sha256, sha384, sha512

  /// The digest of `bytes`.
  public func digest(of bytes: [UInt8]) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var count: UInt32 = 0
    let function = unsafe self == .sha256 ? EVP_sha256() : self == .sha384 ? EVP_sha384() : EVP_sha512()
    precondition(unsafe EVP_Digest(bytes, bytes.count, &digest, &count, function, nil) == 1, "libcrypto has SHA-2")
    return Array(digest.prefix(Int(count)))
  }
}
