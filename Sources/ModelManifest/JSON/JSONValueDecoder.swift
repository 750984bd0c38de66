import JSONReading

/// Gives a `Decodable` type its values from a parsed JSON value. `FoundationEssentials` has one as well, at 5 MB of program and
/// 2 MB of resident memory more.
struct JSONValueDecoder: Decoder {
  let value: JSONValue
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  static func decode<Decoded: Decodable>(_ type: Decoded.Type, from bytes: [UInt8]) throws -> Decoded {
    try Decoded(from: JSONValueDecoder(value: try JSONParser.parse(bytes), codingPath: []))
  }

  /// In words rather than in Swift's own notation.
  static func explanation(of error: any Error) -> String {
    switch error {
    case DecodingError.keyNotFound(_, let context), DecodingError.valueNotFound(_, let context), DecodingError.typeMismatch(_, let context),
      DecodingError.dataCorrupted(let context):
      context.debugDescription
    default: "\(error)"
    }
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard case .object(let members) = value else { throw mismatch("an object") }
    return KeyedDecodingContainer(JSONMembers<Key>(decoder: self, members: members))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard case .array(let items) = value else { throw mismatch("a list") }
    return JSONItems(decoder: self, items: items)
  }

  func singleValueContainer() throws -> any SingleValueDecodingContainer { JSONSingleValue(decoder: self) }

  func inner(_ value: JSONValue, _ key: any CodingKey) -> JSONValueDecoder { JSONValueDecoder(value: value, codingPath: codingPath + [key]) }

  func mismatch(_ expected: String) -> DecodingError {
    let place = codingPath.map(\.stringValue).joined(separator: ".")
    return .dataCorrupted(.init(codingPath: codingPath, debugDescription: "\(place.isEmpty ? "it" : place) is \(value.kind), expected \(expected)"))
  }

  func boolean() throws -> Bool {
    guard case .boolean(let flag) = value else { throw mismatch("true or false") }
    return flag
  }

  func string() throws -> String {
    guard case .string(let text) = value else { throw mismatch("text") }
    return text
  }

  func number<Number: LosslessStringConvertible>() throws -> Number {
    guard case .number(let text) = value, let number = Number(text) else { throw mismatch("a number that fits \(Number.self)") }
    return number
  }

  func decoded<Decoded: Decodable>(_ type: Decoded.Type) throws -> Decoded { try Decoded(from: self) }
}

/// A place in a list as a coding key.
struct JSONIndex: CodingKey {
  let index: Int
  var stringValue: String { "[\(index)]" }
  var intValue: Int? { index }

  init(_ index: Int) { self.index = index }
  init?(stringValue: String) { nil }
  init?(intValue: Int) { index = intValue }
}
