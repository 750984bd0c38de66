import Cryptography
public import JSONReading

/// A metadata file: what is said, and the signatures under it (§4.2). Nothing in it is believed yet.
public struct SignedMetadata: Sendable {
  public struct Signature: Sendable {
    public let keyID: String
    /// Empty where the text is no hexadecimal: that signature just isn't valid.
    public let bytes: [UInt8]

    public init(keyID: String, bytes: [UInt8]) { (self.keyID, self.bytes) = (keyID, bytes) }
  }

  public let signed: JSONValue
  /// What the signatures are of.
  public let canonicalBytes: [UInt8]
  public let signatures: [Signature]

  /// Metadata nest four deep; what `custom` holds may go deeper.
  static let depthLimit = 16

  /// - Parameter file: its name, for messages.
  /// - Throws: `.malformed`; also where a key id stands under it twice, which the specification forbids.
  public init(_ bytes: [UInt8], file: String) throws(UpdatesError) {
    let value: JSONValue
    do throws(JSONSyntaxError) { value = try JSONParser.parse(bytes, depthLimit: Self.depthLimit) } catch {
      throw UpdatesError(.malformed, "\(file) is no JSON: \(error)")
    }
    let fields = try MetadataFields(value, place: file)
    signed = try fields.value("signed")
    do throws(UpdatesError) { canonicalBytes = try signed.canonicalBytes() } catch { throw fields.error(error.message) }
    guard case .array(let items) = try fields.value("signatures") else { throw fields.error("‘signatures’ is no list") }
    var signatures: [Signature] = []
    var keyIDs: Set<String> = []
    for item in items {
      let signature = try MetadataFields(item, place: "\(file): signatures")
      let keyID = try signature.text("keyid")
      guard keyIDs.insert(keyID).inserted else { throw fields.error("two signatures bear the key id \(keyID)") }
      signatures.append(Signature(keyID: keyID, bytes: Hexadecimal.bytes(try signature.text("sig")) ?? []))
    }
    self.signatures = signatures
  }

  /// - Throws: `.unsigned` unless at least the threshold of the role's keys have signed this.
  func verify(_ role: RoleKeys, keys: KeyRing, file: String, by delegator: String) throws(UpdatesError) {
    var valid: [PublicKey] = []
    for signature in signatures where role.keyIDs.contains(signature.keyID) {
      // One key under two ids counts once.
      guard let key = keys[signature.keyID], !valid.contains(key), key.isValid(signature.bytes, of: canonicalBytes) else { continue }
      valid.append(key)
      if valid.count == role.threshold { return }
    }
    throw UpdatesError(
      .unsigned,
      "\(file) bears \(valid.count) valid signatures of the keys that \(delegator) names for it, and needs \(role.threshold): it isn't from the fleet's keys")
  }
}
