/// Reads one JSON value from bytes that nobody vouches for; nesting is bounded, so that no input exhausts the stack.
public struct JSONParser {
  public static let deepest = 32

  private let bytes: [UInt8]
  private let depthLimit: Int
  private let listed: String?
  private var position = 0

  private init(_ bytes: [UInt8], _ depthLimit: Int, _ listed: String?) { (self.bytes, self.depthLimit, self.listed) = (bytes, depthLimit, listed) }

  /// - Parameters:
  ///   - depthLimit: how deep values may nest, the outermost counted.
  ///   - listed: an object that is a member of this name comes as a list of pairs, in the text's order and unchecked: names that Unicode holds
  ///     equal, which a vocabulary tells apart, stay apart there.
  public static func parse(_ bytes: [UInt8], depthLimit: Int = deepest, listed: String? = nil) throws(JSONSyntaxError) -> JSONValue {
    var parser = JSONParser(bytes, depthLimit, listed)
    let value = try parser.value(depth: 0)
    parser.skipSpace()
    guard parser.position == bytes.count else { throw parser.error("something follows the value") }
    return value
  }

  private func error(_ what: String) -> JSONSyntaxError { JSONSyntaxError(what: what, position: position) }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(JSONSyntaxError) {
    guard take(character) else { throw error("‘\(character)’ is missing") }
  }

  private mutating func value(depth: Int) throws(JSONSyntaxError) -> JSONValue {
    guard depth < depthLimit else { throw error("it is nested too deep") }
    skipSpace()
    switch next {
    case UInt8(ascii: "{"): return .object(try object(depth: depth))
    case UInt8(ascii: "["): return .array(try array(depth: depth))
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .boolean(true))
    case UInt8(ascii: "f"): return try word("false", .boolean(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case nil: throw error("it ends too early")
    default: return .number(try number())
    }
  }

  private mutating func word(_ text: String, _ value: JSONValue) throws(JSONSyntaxError) -> JSONValue {
    guard bytes[position...].starts(with: text.utf8) else { throw error("no value begins so") }
    position += text.utf8.count
    return value
  }

  private mutating func object(depth: Int) throws(JSONSyntaxError) -> [String: JSONValue] {
    position += 1
    var members: [String: JSONValue] = [:]
    skipSpace()
    if take("}") { return members }
    repeat {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw error("a name is missing") }
      let name = try string()
      skipSpace()
      try expect(":")
      let member = name == listed ? try listing(depth: depth + 1) : try value(depth: depth + 1)
      guard members.updateValue(member, forKey: name) == nil else { throw error("‘\(name)’ stands twice") }
      skipSpace()
    } while take(",")
    try expect("}")
    return members
  }

  /// An object as a list of pairs; anything else as it is.
  private mutating func listing(depth: Int) throws(JSONSyntaxError) -> JSONValue {
    skipSpace()
    guard depth < depthLimit, next == UInt8(ascii: "{") else { return try value(depth: depth) }
    position += 1
    var pairs: [JSONValue] = []
    skipSpace()
    if take("}") { return .array([]) }
    repeat {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw error("a name is missing") }
      let name = try string()
      skipSpace()
      try expect(":")
      pairs.append(.array([.string(name), try value(depth: depth + 1)]))
      skipSpace()
    } while take(",")
    try expect("}")
    return .array(pairs)
  }

  private mutating func array(depth: Int) throws(JSONSyntaxError) -> [JSONValue] {
    position += 1
    var items: [JSONValue] = []
    skipSpace()
    if take("]") { return items }
    repeat {
      items.append(try value(depth: depth + 1))
      skipSpace()
    } while take(",")
    try expect("]")
    return items
  }

  /// `-`, digits, a fraction, an exponent; nothing else that `Double` would read.
  private mutating func number() throws(JSONSyntaxError) -> String {
    let start = position
    _ = take("-")
    let whole = position
    try digits()
    guard bytes[whole] != UInt8(ascii: "0") || position == whole + 1 else { throw error("a number begins with 0") }
    if take(".") { try digits() }
    if take("e") || take("E") {
      if !take("+") { _ = take("-") }
      try digits()
    }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private mutating func digits() throws(JSONSyntaxError) {
    let start = position
    while let byte = next, (0x30...0x39).contains(byte) { position += 1 }
    guard position > start else { throw error("a digit is missing") }
  }
}

// Text.
extension JSONParser {
  private mutating func string() throws(JSONSyntaxError) -> String {
    position += 1
    var text: [UInt8] = []
    while let byte = next {
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let valid = String(validating: text, as: UTF8.self) else { throw error("the text is no UTF-8") }
        return valid
      case UInt8(ascii: "\\"): text += String(try escape()).utf8
      case 0..<0x20: throw error("a control character stands in a text")
      default: text.append(byte)
      }
    }
    throw error("a text has no end")
  }

  private mutating func escape() throws(JSONSyntaxError) -> Unicode.Scalar {
    guard let byte = next else { throw error("a text has no end") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): return try scalar()
    default: throw error("‘\\\(Unicode.Scalar(byte))’ means nothing")
    }
  }

  /// Four hexadecimal digits, or two such groups that make a surrogate pair.
  private mutating func scalar() throws(JSONSyntaxError) -> Unicode.Scalar {
    let first = try codeUnit()
    if let scalar = Unicode.Scalar(first) { return scalar }
    guard first < 0xDC00, take("\\"), take("u") else { throw error("half of a surrogate pair stands alone") }
    let second = try codeUnit()
    guard (0xDC00...0xDFFF).contains(second), let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)) else {
      throw error("half of a surrogate pair stands alone")
    }
    return scalar
  }

  private mutating func codeUnit() throws(JSONSyntaxError) -> UInt32 {
    var unit: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = next, let digit = Unicode.Scalar(byte).properties.isASCIIHexDigit ? Character(Unicode.Scalar(byte)).hexDigitValue : nil else {
        throw error("a hexadecimal digit is missing")
      }
      unit = unit << 4 | UInt32(digit)
      position += 1
    }
    return unit
  }
}
