/// Why a key can't be used.
public struct CryptographyError: Error, Equatable {
  public enum Code: Sendable, Equatable {
    /// Bytes or text that are no key of the kind that they claim to be.
    case malformedKey
    /// A key of another type, curve or size than the scheme wants.
    case unfitKey
    /// A key type or signature scheme that isn't known here.
    case unknownScheme
    /// The passphrase is missing or doesn't open the key.
    case wrongPassphrase
    /// libcrypto failed at something that fails only without memory or randomness.
    case failed
  }

  public let code: Code
  /// What was wrong and what to do, for a person, in one line.
  public let message: String

  public init(_ code: Code, _ message: String) { (self.code, self.message) = (code, message) }
}
