/// Walks over JSON (RFC 8259) from an untrusted source, as far as a STATE message needs it: it reads plain strings, booleans and
/// whole numbers, and steps over every other value, nested to a stated depth.
struct JSONScanner {
  static let deepestNesting = 8

  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  /// Takes a mark with the white space before it, if it is there.
  mutating func take(_ mark: Unicode.Scalar) -> Bool {
    skipSpace()
    guard next == UInt8(ascii: mark) else { return false }
    position += 1
    return true
  }

  mutating func require(_ mark: Unicode.Scalar) throws(SparkplugError) {
    guard take(mark) else { throw Self.malformed("‘\(mark)’ is missing at byte \(position)") }
  }

  mutating func requireEnd() throws(SparkplugError) {
    skipSpace()
    guard next == nil else { throw Self.malformed("something follows the object") }
  }

  /// A string's bytes as they are written, escapes and all: equal to a key only when written plainly.
  mutating func string() throws(SparkplugError) -> [UInt8] {
    try require("\"")
    let start = position
    while let byte = next, byte != UInt8(ascii: "\"") {
      guard byte >= 0x20 else { break }
      position += byte == UInt8(ascii: "\\") ? 2 : 1
    }
    guard next == UInt8(ascii: "\"") else { throw Self.malformed("a string doesn't end") }
    position += 1
    return Array(bytes[start..<position - 1])
  }

  mutating func boolean() throws(SparkplugError) -> Bool {
    let word = word()
    if word == Array("true".utf8) { return true }
    if word == Array("false".utf8) { return false }
    throw Self.malformed("‘online’ is neither true nor false")
  }

  /// Digits only: a time in milliseconds has no fraction, and no sign.
  mutating func wholeNumber() throws(SparkplugError) -> UInt64 {
    let word = word()
    guard !word.isEmpty, word.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      let value = UInt64(String(decoding: word, as: UTF8.self)), word.count == 1 || word[0] != UInt8(ascii: "0")
    else { throw Self.malformed("‘timestamp’ is no whole number") }
    return value
  }

  mutating func skipValue(depth: Int = 0) throws(SparkplugError) {
    guard depth < Self.deepestNesting else { throw Self.malformed("it nests deeper than \(Self.deepestNesting)") }
    skipSpace()
    switch next {
    case UInt8(ascii: "\""): _ = try string()
    case UInt8(ascii: "{"): try skipMembers(depth: depth)
    case UInt8(ascii: "["): try skipElements(depth: depth)
    default: guard !word().isEmpty else { throw Self.malformed("a value is missing at byte \(position)") }
    }
  }

  private mutating func skipMembers(depth: Int) throws(SparkplugError) {
    try require("{")
    if take("}") { return }
    repeat {
      _ = try string()
      try require(":")
      try skipValue(depth: depth + 1)
    } while take(",")
    try require("}")
  }

  private mutating func skipElements(depth: Int) throws(SparkplugError) {
    try require("[")
    if take("]") { return }
    repeat { try skipValue(depth: depth + 1) } while take(",")
    try require("]")
  }

  /// Letters, digits and the signs of numbers, as in `true`, `null` and `-1.5e3`.
  private mutating func word() -> [UInt8] {
    skipSpace()
    let start = position
    while let byte = next, Self.isOfWord(byte) { position += 1 }
    return Array(bytes[start..<position])
  }

  private static func isOfWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."): true
    default: false
    }
  }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || (0x09...0x0A).contains(byte) || byte == 0x0D { position += 1 }
  }

  static func malformed(_ what: String) -> SparkplugError {
    SparkplugError(.malformedState, "a STATE message isn't the JSON of Sparkplug 3: \(what); check the host application's version")
  }
}
