public import Cryptography
import JSONReading

/// Which keys speak for a role, and how many of them must agree.
public struct RoleKeys: Equatable, Sendable {
  public let keyIDs: Set<String>
  public let threshold: Int

  public init(keyIDs: Set<String>, threshold: Int) { (self.keyIDs, self.threshold) = (keyIDs, threshold) }

  init(_ fields: MetadataFields) throws(UpdatesError) {
    let listed = try fields.texts("keyids")
    keyIDs = Set(listed)
    guard keyIDs.count == listed.count else { throw fields.error("a key id stands there twice") }
    threshold = try fields.number("threshold", atLeast: 1)
  }
}

/// Keys by their ids. Keys of types that aren't known here are left out: nothing can be verified with them.
public struct KeyRing: Sendable {
  private var keys: [String: PublicKey] = [:]

  public init() {}

  /// - Throws: `.malformed` for an entry without type, scheme or value. A value that is no key of its type is left out.
  init(_ fields: MetadataFields) throws(UpdatesError) {
    for (keyID, key) in try fields.objects() {
      let (type, scheme) = (try key.text("keytype"), try key.text("scheme"))
      let text = try key.object("keyval").text("public")
      guard let known = SignatureScheme(rawValue: scheme), known.keyTypes.contains(type) else { continue }
      keys[keyID] = try? PublicKey(scheme: known, text: text)
    }
  }

  public subscript(keyID: String) -> PublicKey? { keys[keyID] }
}
