import JSONReading

/// Reads the members of an object in a folder's own files, or in what came from a broker; what is wrong is said with its place.
struct ContentFields {
  let place: String
  let members: [String: JSONValue]

  init(_ value: JSONValue?, place: String) throws(ReleaseError) {
    guard case .object(let members)? = value else { throw ReleaseError(.damagedFolder, "\(place) is no object") }
    (self.place, self.members) = (place, members)
  }

  func error(_ what: String) -> ReleaseError { ReleaseError(.damagedFolder, "\(place): \(what)") }

  func has(_ name: String) -> Bool { members[name] != nil && members[name] != .null }

  func text(_ name: String) throws(ReleaseError) -> String {
    guard case .string(let text)? = members[name] else { throw error("‘\(name)’ is missing, or no text") }
    return text
  }

  func number(_ name: String) throws(ReleaseError) -> Int {
    guard case .number(let digits)? = members[name], let number = Int(digits) else { throw error("‘\(name)’ is missing, or no whole number") }
    return number
  }

  func texts(_ name: String) throws(ReleaseError) -> [String] {
    guard case .array(let items)? = members[name] else { throw error("‘\(name)’ is missing, or no list") }
    var texts: [String] = []
    for item in items {
      guard case .string(let text) = item else { throw error("‘\(name)’ has something else than texts in its list") }
      texts.append(text)
    }
    return texts
  }

  func object(_ name: String) throws(ReleaseError) -> ContentFields { try ContentFields(members[name], place: "\(place): \(name)") }

  /// The members as whole numbers.
  func numbers() throws(ReleaseError) -> [String: Int] {
    var numbers: [String: Int] = [:]
    for name in members.keys { numbers[name] = try number(name) }
    return numbers
  }
}

extension JSONValue {
  static func whole(_ number: Int) -> JSONValue { .number(String(number)) }
  static func texts(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
  static func numbers(_ numbers: [String: Int]) -> JSONValue { .object(numbers.mapValues { .whole($0) }) }
}
