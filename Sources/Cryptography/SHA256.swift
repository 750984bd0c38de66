import CCrypto

/// A SHA-256 digest (FIPS 180-4): what names a block, a package, a key.
public struct SHA256Digest: Hashable, Sendable {
  public static let byteCount = 32

  /// 32 of them.
  public let bytes: [UInt8]

  /// - Returns: nil unless there are 32 bytes.
  public init?(bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    self.bytes = bytes
  }

  /// - Returns: nil unless there are 64 hexadecimal digits.
  public init?(hex: String) {
    guard let bytes = Hexadecimal.bytes(hex) else { return nil }
    self.init(bytes: bytes)
  }

  public var hex: String { Hexadecimal.text(bytes) }
}

/// Computes a SHA-256 digest piece by piece, by the system's libcrypto.
@safe
public struct SHA256: ~Copyable {
  private let context: OpaquePointer

  public init() {
    guard let context = unsafe EVP_MD_CTX_new() else { preconditionFailure("memory for a digest's state") }
    precondition(unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1, "libcrypto has SHA-256")
    unsafe self.context = context
  }

  deinit { unsafe EVP_MD_CTX_free(context) }

  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    precondition(unsafe EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1)
  }

  public mutating func update(_ bytes: Span<UInt8>) {
    unsafe bytes.withUnsafeBytes { unsafe update($0) }
  }

  public consuming func finish() -> SHA256Digest {
    var digest = [UInt8](repeating: 0, count: SHA256Digest.byteCount)
    precondition(unsafe EVP_DigestFinal_ex(context, &digest, nil) == 1)
    guard let digest = SHA256Digest(bytes: digest) else { preconditionFailure() }
    return digest
  }

  public static func digest(of bytes: [UInt8]) -> SHA256Digest {
    var state = SHA256()
    state.update(bytes.span)
    return state.finish()
  }
}
