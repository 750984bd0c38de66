import Cryptography

/// Delegation to 2^n roles with the same keys, by the first bits of a path's SHA-256 digest (TAP 15, succinct hash bin delegations).
public struct HashBins: Sendable {
  public let keys: RoleKeys
  public let bitLength: Int
  public let prefix: String

  init(_ fields: MetadataFields) throws(UpdatesError) {
    keys = try RoleKeys(fields)
    bitLength = try fields.number("bit_length", atLeast: 1)
    guard bitLength <= 32 else { throw fields.error("‘bit_length’ is more than 32") }
    prefix = try fields.text("name_prefix")
  }

  static func digest(of path: String) -> String { SHA256.digest(of: Array(path.utf8)).hex }

  /// The bin's number in hexadecimal, as wide as the last one's.
  func role(for path: String) -> String {
    let head = SHA256.digest(of: Array(path.utf8)).bytes.prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    return name(Int(head >> UInt32(32 - bitLength)))
  }

  func hasRole(_ name: String) -> Bool {
    guard name.hasPrefix("\(prefix)-"), let bin = Int(name.dropFirst(prefix.count + 1), radix: 16), bin >= 0, bin < 1 << bitLength else {
      return false
    }
    return self.name(bin) == name
  }

  private func name(_ bin: Int) -> String {
    let width = String((1 << bitLength) - 1, radix: 16).count
    let digits = String(bin, radix: 16)
    return "\(prefix)-\(String(repeating: "0", count: width - digits.count))\(digits)"
  }
}
