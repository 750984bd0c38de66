/// A mapping while it is read: it remembers which keys were asked for, and what is left is a mistake.
public final class YAMLMapping {
  private let entries: [YAMLEntry]
  private let path: String
  private let mistakes: YAMLMistakes
  private let line: Int
  private let column: Int
  private var known: [String] = []

  init(_ entries: [YAMLEntry], at value: YAMLValue) {
    self.entries = entries
    self.path = value.path
    self.mistakes = value.mistakes
    self.line = value.node.line
    self.column = value.node.column
  }

  /// The value of an optional key; nil where it is absent.
  public subscript(key: String) -> YAMLValue? {
    if !known.contains(key) { known.append(key) }
    guard let entry = entries.first(where: { $0.key == key }) else { return nil }
    return value(of: entry)
  }

  /// The value of a key that must be there; nil, and a mistake, where it is absent.
  public func required(_ key: String) -> YAMLValue? {
    if let value = self[key] { return value }
    let place = path.isEmpty ? "" : " in \(path)"
    // A mistyped key is reported as such; asking for the right one as well would say one thing twice.
    let isMistyped = entries.contains { !known.contains($0.key) && nearestName(to: $0.key, among: [key]) != nil }
    if !isMistyped { mistakes.report(.missingKey, line: line, column: column, "\"\(key)\" is missing\(place)") }
    return nil
  }

  /// Whether there is a key that may be one of these, misspelt.
  public func hasUnknownKeys(near names: [String]) -> Bool {
    entries.contains { !names.contains($0.key) && !known.contains($0.key) && nearestName(to: $0.key, among: names) != nil }
  }

  /// Every entry, for mappings whose keys are names that people choose. Names are letters, digits, `-` and `_`; others are
  /// mistakes and left out.
  public func named(_ kind: String) -> [(name: String, value: YAMLValue)] {
    entries.compactMap { entry in
      known.append(entry.key)
      guard isIdentifier(entry.key) else {
        mistakes.report(
          .invalidValue, line: entry.line, column: entry.column, "\"\(entry.key)\" is no name for a \(kind): use letters, digits, \"-\" and \"_\"")
        return nil
      }
      return (entry.key, value(of: entry))
    }
  }

  /// Every entry in the file's order, whatever its key.
  public var all: [(key: String, value: YAMLValue)] {
    entries.map { entry in
      known.append(entry.key)
      return (entry.key, value(of: entry))
    }
  }

  /// The line of a key; nil where it is absent.
  public func line(of key: String) -> Int? { entries.first { $0.key == key }?.line }

  /// Reports a mistake at a key's own place.
  public func report(_ key: String, _ message: String) {
    let entry = entries.first { $0.key == key }
    mistakes.report(.invalidValue, line: entry?.line ?? line, column: entry?.column ?? column, message)
  }

  func reportUnknownKeys() {
    for entry in entries where !known.contains(entry.key) {
      let place = path.isEmpty ? "" : " in \(path)"
      let hint: String
      if let nearest = nearestName(to: entry.key, among: known) {
        hint = "did you mean \"\(nearest)\"?"
      } else {
        hint = known.isEmpty ? "nothing is expected here" : "known here: \(known.joined(separator: ", "))"
      }
      mistakes.report(.unknownKey, line: entry.line, column: entry.column, "unknown key \"\(entry.key)\"\(place); \(hint)")
    }
  }

  private func value(of entry: YAMLEntry) -> YAMLValue {
    YAMLValue(node: entry.value, path: path.isEmpty ? entry.key : "\(path).\(entry.key)", mistakes: mistakes)
  }
}

/// Whether the text is a name as topics, files and configurations use them: `[A-Za-z0-9_-]+`, at most 64 characters.
public func isIdentifier(_ text: String) -> Bool {
  !text.isEmpty && text.utf8.count <= 64
    && text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
        UInt8(ascii: "-"), UInt8(ascii: "_"):
        true
      default: false
      }
    }
}
