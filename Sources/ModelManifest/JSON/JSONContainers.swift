import JSONReading

// The three shapes in which `Decodable` types ask for values. The standard library's protocols want every number type spelled.

struct JSONMembers<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let decoder: JSONValueDecoder
  let members: [String: JSONValue]

  var codingPath: [any CodingKey] { decoder.codingPath }
  var allKeys: [Key] { members.keys.sorted().compactMap { Key(stringValue: $0) } }

  private func decoder(_ key: any CodingKey) throws -> JSONValueDecoder {
    guard let value = members[key.stringValue] else {
      throw DecodingError.keyNotFound(key, .init(codingPath: codingPath, debugDescription: "‘\(key.stringValue)’ is missing"))
    }
    return decoder.inner(value, key)
  }

  func contains(_ key: Key) -> Bool { members[key.stringValue] != nil }
  func decodeNil(forKey key: Key) throws -> Bool { try decoder(key).value == .null }
  func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try decoder(key).boolean() }
  func decode(_ type: String.Type, forKey key: Key) throws -> String { try decoder(key).string() }
  func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try decoder(key).number() }
  func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try decoder(key).number() }
  func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try decoder(key).number() }
  func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try decoder(key).number() }
  func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try decoder(key).number() }
  func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try decoder(key).number() }
  func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try decoder(key).number() }
  func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try decoder(key).number() }
  func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try decoder(key).number() }
  func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try decoder(key).number() }
  func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try decoder(key).number() }
  func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try decoder(key).number() }
  func decode<Decoded: Decodable>(_ type: Decoded.Type, forKey key: Key) throws -> Decoded { try decoder(key).decoded(type) }

  func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) throws -> KeyedDecodingContainer<Nested> {
    try decoder(key).container(keyedBy: type)
  }
  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { try decoder(key).unkeyedContainer() }
  func superDecoder() throws -> any Decoder { decoder }
  func superDecoder(forKey key: Key) throws -> any Decoder { try decoder(key) }
}

struct JSONItems: UnkeyedDecodingContainer {
  let decoder: JSONValueDecoder
  let items: [JSONValue]
  var currentIndex = 0

  var codingPath: [any CodingKey] { decoder.codingPath }
  var count: Int? { items.count }
  var isAtEnd: Bool { currentIndex >= items.count }

  private mutating func takeNext() throws -> JSONValueDecoder {
    guard !isAtEnd else { throw DecodingError.dataCorrupted(.init(codingPath: codingPath, debugDescription: "the list is too short")) }
    defer { currentIndex += 1 }
    return decoder.inner(items[currentIndex], JSONIndex(currentIndex))
  }

  mutating func decodeNil() throws -> Bool {
    guard !isAtEnd, items[currentIndex] == .null else { return false }
    currentIndex += 1
    return true
  }
  mutating func decode(_ type: Bool.Type) throws -> Bool { try takeNext().boolean() }
  mutating func decode(_ type: String.Type) throws -> String { try takeNext().string() }
  mutating func decode(_ type: Double.Type) throws -> Double { try takeNext().number() }
  mutating func decode(_ type: Float.Type) throws -> Float { try takeNext().number() }
  mutating func decode(_ type: Int.Type) throws -> Int { try takeNext().number() }
  mutating func decode(_ type: Int8.Type) throws -> Int8 { try takeNext().number() }
  mutating func decode(_ type: Int16.Type) throws -> Int16 { try takeNext().number() }
  mutating func decode(_ type: Int32.Type) throws -> Int32 { try takeNext().number() }
  mutating func decode(_ type: Int64.Type) throws -> Int64 { try takeNext().number() }
  mutating func decode(_ type: UInt.Type) throws -> UInt { try takeNext().number() }
  mutating func decode(_ type: UInt8.Type) throws -> UInt8 { try takeNext().number() }
  mutating func decode(_ type: UInt16.Type) throws -> UInt16 { try takeNext().number() }
  mutating func decode(_ type: UInt32.Type) throws -> UInt32 { try takeNext().number() }
  mutating func decode(_ type: UInt64.Type) throws -> UInt64 { try takeNext().number() }
  mutating func decode<Decoded: Decodable>(_ type: Decoded.Type) throws -> Decoded { try takeNext().decoded(type) }

  mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) throws -> KeyedDecodingContainer<Nested> {
    try takeNext().container(keyedBy: type)
  }
  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try takeNext().unkeyedContainer() }
  mutating func superDecoder() throws -> any Decoder { try takeNext() }
}

struct JSONSingleValue: SingleValueDecodingContainer {
  let decoder: JSONValueDecoder

  var codingPath: [any CodingKey] { decoder.codingPath }
  func decodeNil() -> Bool { decoder.value == .null }
  func decode(_ type: Bool.Type) throws -> Bool { try decoder.boolean() }
  func decode(_ type: String.Type) throws -> String { try decoder.string() }
  func decode(_ type: Double.Type) throws -> Double { try decoder.number() }
  func decode(_ type: Float.Type) throws -> Float { try decoder.number() }
  func decode(_ type: Int.Type) throws -> Int { try decoder.number() }
  func decode(_ type: Int8.Type) throws -> Int8 { try decoder.number() }
  func decode(_ type: Int16.Type) throws -> Int16 { try decoder.number() }
  func decode(_ type: Int32.Type) throws -> Int32 { try decoder.number() }
  func decode(_ type: Int64.Type) throws -> Int64 { try decoder.number() }
  func decode(_ type: UInt.Type) throws -> UInt { try decoder.number() }
  func decode(_ type: UInt8.Type) throws -> UInt8 { try decoder.number() }
  func decode(_ type: UInt16.Type) throws -> UInt16 { try decoder.number() }
  func decode(_ type: UInt32.Type) throws -> UInt32 { try decoder.number() }
  func decode(_ type: UInt64.Type) throws -> UInt64 { try decoder.number() }
  func decode<Decoded: Decodable>(_ type: Decoded.Type) throws -> Decoded { try decoder.decoded(type) }
}
