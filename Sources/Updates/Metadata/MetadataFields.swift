import JSONReading

/// Reads the members of an object in metadata; what is wrong is said with the place where it stands.
struct MetadataFields {
  /// As in "targets.json: delegations".
  let place: String
  let members: [String: JSONValue]

  init(_ value: JSONValue, place: String) throws(UpdatesError) {
    guard case .object(let members) = value else { throw UpdatesError(.malformed, "\(place) is \(value.kind), not an object") }
    self.place = place
    self.members = members
  }

  func error(_ what: String) -> UpdatesError { UpdatesError(.malformed, "\(place): \(what)") }

  func value(_ name: String) throws(UpdatesError) -> JSONValue {
    guard let value = members[name] else { throw error("‘\(name)’ is missing") }
    return value
  }

  func text(_ name: String) throws(UpdatesError) -> String {
    guard case .string(let text) = try value(name) else { throw error("‘\(name)’ is no text") }
    return text
  }

  func truth(_ name: String) throws(UpdatesError) -> Bool {
    guard case .boolean(let value) = try value(name) else { throw error("‘\(name)’ is neither true nor false") }
    return value
  }

  /// A whole number of at least `least`.
  func number(_ name: String, atLeast least: Int) throws(UpdatesError) -> Int {
    guard case .number(let digits) = try value(name), let number = Int(digits), number >= least else {
      throw error("‘\(name)’ is no whole number of at least \(least)")
    }
    return number
  }

  func texts(_ name: String) throws(UpdatesError) -> [String] {
    guard case .array(let items) = try value(name) else { throw error("‘\(name)’ is no list") }
    var texts: [String] = []
    for item in items {
      guard case .string(let text) = item else { throw error("‘\(name)’ has something else than texts in its list") }
      texts.append(text)
    }
    return texts
  }

  func object(_ name: String) throws(UpdatesError) -> MetadataFields { try MetadataFields(value(name), place: "\(place): \(name)") }

  /// The object's members as objects themselves.
  func objects() throws(UpdatesError) -> [(name: String, fields: MetadataFields)] {
    var objects: [(String, MetadataFields)] = []
    for (name, value) in members { objects.append((name, try MetadataFields(value, place: "\(place): \(name)"))) }
    return objects
  }
}
