/// How something is signed, by the names of The Update Framework 1.0 (§4.2).
public enum SignatureScheme: String, CaseIterable, Sendable {
  /// RFC 8032.
  case ed25519
  /// ECDSA on NIST P-256 with SHA-256, the signature in DER.
  case ecdsaP256 = "ecdsa-sha2-nistp256"
  /// RSASSA-PSS with SHA-256 (RFC 8017 §8.1), keys of 2048 bits or more.
  case rsaPSS = "rsassa-pss-sha256"
  /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 §8.2), keys of 2048 bits or more; other implementations still use it.
  case rsaPKCS1 = "rsa-pkcs1v15-sha256"

  /// The key types that metadata may name beside the scheme.
  public var keyTypes: [String] {
    switch self {
    case .ed25519: ["ed25519"]
    case .ecdsaP256: ["ecdsa", "ecdsa-sha2-nistp256"]
    case .rsaPSS, .rsaPKCS1: ["rsa"]
    }
  }
}
