/// A value while it is read. Every getter gives nil and records a mistake where the value doesn't fit; the caller goes on with
/// a default, so that one reading finds all mistakes.
public struct YAMLValue {
  public let node: YAMLNode
  /// Keys from the top, joined by dots: `cameras.top.size`.
  public let path: String
  public let mistakes: YAMLMistakes

  public init(node: YAMLNode, path: String, mistakes: YAMLMistakes) {
    self.node = node
    self.path = path
    self.mistakes = mistakes
  }

  public var isMapping: Bool {
    if case .mapping = node.content { true } else { false }
  }

  public var isSequence: Bool {
    if case .sequence = node.content { true } else { false }
  }

  /// Records a mistake at this value's place.
  public func report(_ message: String) {
    mistakes.report(.invalidValue, line: node.line, column: node.column, message)
  }

  /// Reads a mapping; keys that `read` doesn't ask for become mistakes.
  public func mapping<Result>(_ read: (YAMLMapping) -> Result?) -> Result? {
    guard case .mapping(let entries) = node.content else { return wrong("settings (key: value)") }
    let mapping = YAMLMapping(entries, at: self)
    let result = read(mapping)
    mapping.reportUnknownKeys()
    return result
  }

  /// Reads a list, item by item; nil where an item doesn't fit, too.
  public func list<Item>(_ read: (YAMLValue) -> Item?) -> [Item]? {
    guard case .sequence(let nodes) = node.content else { return wrong("a list") }
    var items: [Item] = []
    for (index, node) in nodes.enumerated() {
      if let item = read(YAMLValue(node: node, path: "\(path)[\(index)]", mistakes: mistakes)) { items.append(item) }
    }
    return items.count == nodes.count ? items : nil
  }

  /// Text: any scalar but an empty plain one.
  public func string() -> String? {
    guard case .scalar(let scalar) = node.content, !node.isNull else { return wrong("text") }
    return scalar.text
  }

  /// `true` or `false`, unquoted.
  public func bool() -> Bool? {
    switch plainText {
    case "true", "True", "TRUE": true
    case "false", "False", "FALSE": false
    default: wrong("true or false")
    }
  }

  /// One of an enumeration's raw values.
  public func choice<Choice: CaseIterable & RawRepresentable<String>>(of type: Choice.Type = Choice.self) -> Choice? {
    choice(from: Choice.allCases.map { ($0.rawValue, $0) })
  }

  /// One of the names given.
  public func choice<Choice>(from choices: [(name: String, value: Choice)]) -> Choice? {
    guard case .scalar(let scalar) = node.content else { return wrong("one of \(choices.map(\.name).joined(separator: ", "))") }
    if let found = choices.first(where: { $0.name == scalar.text }) { return found.value }
    let names = choices.map(\.name)
    let hint = nearestName(to: scalar.text, among: names).map { "did you mean \"\($0)\"?" } ?? "expected one of \(names.joined(separator: ", "))"
    report("\(path): \"\(scalar.text)\" is not known; \(hint)")
    return nil
  }

  /// Letters, digits, `-` and `_`; at most 64.
  public func identifier() -> String? {
    guard let text = string() else { return nil }
    guard isIdentifier(text) else { return wrong("at most 64 letters, digits, \"-\" and \"_\"") }
    return text
  }

  /// Records that something else was expected, and says what was found.
  func wrong<Result>(_ expected: String) -> Result? {
    report("\(path.isEmpty ? "the file" : path): expected \(expected), found \(found)")
    return nil
  }

  /// The text of an unquoted scalar.
  var plainText: String? {
    guard case .scalar(let scalar) = node.content, scalar.isPlain else { return nil }
    return scalar.text
  }

  private var found: String {
    switch node.content {
    case _ where node.isNull: "nothing"
    case .scalar(let scalar): "\"\(scalar.text.prefix(80))\"\(scalar.isPlain ? "" : " (text, as it is quoted)")"
    case .sequence: "a list"
    case .mapping: "a mapping"
    }
  }
}
