/// Where new metadata come from: the broker, a folder, a server. Nothing that it gives is trusted.
public protocol MetadataSource {
  /// - Parameters:
  ///   - role: its name as it stands in metadata.
  ///   - version: the one wanted, or nil for whatever stands there without a version.
  ///   - limit: bytes that are taken at most.
  /// - Returns: nil where there is no such file.
  /// - Throws: `.unavailable` where it can't be said whether there is one, `.tooLong`.
  mutating func metadata(_ role: String, version: Int?, limit: Int) throws(UpdatesError) -> [UInt8]?
}

/// Where trusted metadata stay: one file a role, replaced as a whole or not at all, and safe from a power cut once `save` returns.
public protocol MetadataStore {
  /// - Returns: nil where there is none, or it can't be read: it is then fetched again.
  mutating func load(_ role: String) -> [UInt8]?
  /// - Throws: `.storage`.
  mutating func save(_ role: String, _ bytes: [UInt8]) throws(UpdatesError)
  /// - Throws: `.storage`. One that isn't there is no error.
  mutating func remove(_ role: String) throws(UpdatesError)
}

/// A role's name as a file or topic may bear it: all but letters, digits, `-`, `.`, `_` and `~` is percent-encoded (RFC 3986 §2.1).
public func percentEncoded(_ role: String) -> String {
  var text = ""
  for byte in role.utf8 {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
      text.unicodeScalars.append(Unicode.Scalar(byte))
    default:
      let digits = String(byte, radix: 16, uppercase: true)
      text += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
    }
  }
  return text
}
