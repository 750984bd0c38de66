import Cryptography
import Updates

/// Why a release can't be made, signed, published or watched.
public struct ReleaseError: Error {
  public enum Code: Sendable, Equatable {
    /// A name, share, lifetime or threshold that can't be.
    case invalid
    /// A folder that is no release folder, or a file in it that is damaged.
    case damagedFolder
    /// The disk can't be read from or written to.
    case storage
    /// A private key that is needed isn't there.
    case missingKey
    /// A key file that is no key, or its passphrase that doesn't open it.
    case unusableKey
    /// A file that is no package, or one that can't be released.
    case unfitPackage
    /// What is to be added is there already.
    case alreadyThere
    /// No such package, version or draft.
    case notThere
    /// What was written, or came from the broker, doesn't stand before the trust core.
    case untrusted
    /// Someone else published from another folder.
    case conflict
    /// A file that no message holds.
    case tooLarge
    /// The broker can't be reached, or doesn't take what it is given.
    case broker
  }

  public let code: Code
  /// What was wrong and what to do, for a person, in one line; names the file, key or topic.
  public let message: String

  public init(_ code: Code, _ message: String) { (self.code, self.message) = (code, message) }
}

/// What the trust core says, as an error of this module.
func trusting<Value>(_ code: ReleaseError.Code = .untrusted, _ body: () throws(UpdatesError) -> Value) throws(ReleaseError) -> Value {
  do throws(UpdatesError) { return try body() } catch { throw ReleaseError(error.code == .storage ? .storage : code, error.message) }
}

/// What libcrypto says of a key, as an error of this module.
func unlocking<Value>(_ file: String, _ body: () throws(CryptographyError) -> Value) throws(ReleaseError) -> Value {
  do throws(CryptographyError) { return try body() } catch { throw ReleaseError(.unusableKey, "\(file): \(error.message)") }
}
