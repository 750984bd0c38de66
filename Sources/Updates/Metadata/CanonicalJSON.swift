public import JSONReading

extension JSONValue {
  /// The bytes that are signed: canonical JSON as The Update Framework uses it (§4.1; http://wiki.laptop.org/go/Canonical_JSON):
  /// names sorted by code point, no space, only `"` and `\` escaped, whole numbers alone.
  ///
  /// - Throws: `.malformed` for a number that isn't whole.
  public func canonicalBytes() throws(UpdatesError) -> [UInt8] {
    var bytes: [UInt8] = []
    try appendCanonically(to: &bytes)
    return bytes
  }

  private func appendCanonically(to bytes: inout [UInt8]) throws(UpdatesError) {
    switch self {
    case .null: bytes += "null".utf8
    case .boolean(let value): bytes += (value ? "true" : "false").utf8
    case .string(let text): Self.append(text, to: &bytes)
    case .number(let text):
      guard text != "-0", text.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || (0x30...0x39).contains($0) }) else {
        throw UpdatesError(.malformed, "the number \(text) isn't whole, and only whole numbers can be signed")
      }
      bytes += text.utf8
    case .array(let items):
      bytes.append(UInt8(ascii: "["))
      for (index, item) in items.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        try item.appendCanonically(to: &bytes)
      }
      bytes.append(UInt8(ascii: "]"))
    case .object(let members):
      bytes.append(UInt8(ascii: "{"))
      // UTF-8 sorts as code points do; Swift's own order of strings doesn't.
      for (index, (name, value)) in members.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }).enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        Self.append(name, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        try value.appendCanonically(to: &bytes)
      }
      bytes.append(UInt8(ascii: "}"))
    }
  }

  private static func append(_ text: String, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { bytes.append(UInt8(ascii: "\\")) }
      bytes.append(byte)
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
