import YAMLReading

extension Expression {
  /// Reads an expression.
  /// - Parameters:
  ///   - regions, lines: the names that it may use.
  ///   - labels: the model's classes, where they are known already; their names are checked once more when the model is loaded.
  /// - Throws: the first mistake, with its column.
  public init(parsing text: String, regions: [String] = [], lines: [String] = [], labels: [String]? = nil) throws(InspectionError) {
    let (expression, mistakes) = Self.read(text, regions: regions, lines: lines, labels: labels)
    if let first = mistakes.first { throw first }
    guard let expression else { throw InspectionError(.syntax, "can't be understood") }
    self = expression
  }

  /// Reads an expression as `init(parsing:regions:lines:labels:)` does, and tells every name that isn't known.
  /// - Returns: the expression where it is in the language, and the mistakes in their order; only where there are none it may be used.
  public static func read(_ text: String, regions: [String], lines: [String], labels: [String]?) -> (expression: Expression?, mistakes: [InspectionError]) {
    guard text.utf8.count <= byteLimit else { return (nil, [InspectionError(.limit, "is longer than \(byteLimit) bytes; make several rules of it")]) }
    var parser = ExpressionParser(text, regions: regions, lines: lines)
    do throws(InspectionError) { try parser.parse() } catch { return (nil, parser.unknown + [error]) }
    let mistakes = parser.unknown + (labels.map { BoundExpression.unknownLabels(of: parser.result, among: $0) } ?? [])
    return (parser.result, mistakes.sorted { $0.column < $1.column })
  }
}

/// Recursive descent over the grammar in `docs/rules.md`.
private struct ExpressionParser {
  private enum Token: Equatable {
    case word(String), quoted(String), number(Float, isWhole: Bool), comparison(Expression.Comparison), open, close, end

    var description: String {
      switch self {
      case .word(let text), .quoted(let text): "\"\(text.prefix(40))\""
      case .number: "a number"
      case .comparison(let comparison): "\"\(comparison.rawValue)\""
      case .open: "\"(\""
      case .close: "\")\""
      case .end: "the end"
      }
    }
  }

  private static let places = ["inside", "outside", "crossing"], functions = ["count", "area"]
  private static let words = ["and", "or", "not", "any"] + places + functions

  private let characters: [Character]
  private let regions: [String]
  private let lines: [String]
  private var position = 0
  /// The token that comes next, and its column.
  private var next = Token.end
  private var column = 1
  private(set) var result: Expression
  /// Regions and lines that aren't there; reading goes on behind them.
  private(set) var unknown: [InspectionError] = []

  init(_ text: String, regions: [String], lines: [String]) {
    characters = Array(text)
    (self.regions, self.lines) = (regions, lines)
    result = Expression(text: text)
  }

  mutating func parse() throws(InspectionError) {
    try advance()
    try alternatives(depth: 1)
    guard next == .end else { throw unexpected("\"and\", \"or\" or the end") }
  }

  private mutating func alternatives(depth: Int) throws(InspectionError) {
    guard depth <= Expression.depthLimit else { throw InspectionError(.limit, column: column, "is nested more than \(Expression.depthLimit) levels deep") }
    try both(depth)
    while next == .word("or") {
      try advance()
      try both(depth)
      try add(.or)
    }
  }

  private mutating func both(_ depth: Int) throws(InspectionError) {
    try one(depth)
    while next == .word("and") {
      try advance()
      try one(depth)
      try add(.and)
    }
  }

  private mutating func one(_ depth: Int) throws(InspectionError) {
    guard depth <= Expression.depthLimit else { throw InspectionError(.limit, column: column, "is nested more than \(Expression.depthLimit) levels deep") }
    switch next {
    case .word("not"):
      try advance()
      try one(depth + 1)
      try add(.not)
    case .open:
      try advance()
      try alternatives(depth: depth + 1)
      try expect(.close)
    case .word("count"): try function { .count($0, $1, $2) }
    case .word("area"): try function { .area($0, $1, $2) }
    default:
      let selection = try selection()
      try add(.some(selection))
    }
  }

  private mutating func function(_ step: (Expression.Selection, Expression.Comparison, Float) -> Expression.Step) throws(InspectionError) {
    let isCount = next == .word("count")
    if !isCount { result.firstPlaceColumn = result.firstPlaceColumn ?? column }
    try advance()
    try expect(.open)
    let selection = try selection()
    try expect(.close)
    guard case .comparison(let comparison) = next else {
      throw unexpected(isCount ? "a comparison, as in \"count(…) >= 2\"" : "a comparison, as in \"area(…) >= 0.01\"")
    }
    if !isCount { try refuseEquality(comparison) }
    try advance()
    let place = column
    let (number, isWhole) = try number()
    if isCount, !isWhole { throw InspectionError(.syntax, column: place, "a count is a whole number") }
    if !isCount, number > 1 { throw InspectionError(.syntax, column: place, "an area is a share of the frame, 0 to 1") }
    try add(step(selection, comparison, number))
  }

  private mutating func selection() throws(InspectionError) -> Expression.Selection {
    var selection = Expression.Selection()
    var isEmpty = true
    switch next {
    case .word("any"):
      isEmpty = false
      try advance()
      try score(&selection)
    case .word(let name) where !Self.words.contains(name), .quoted(let name):
      isEmpty = false
      selection.label = label(name)
      let place = column
      try advance()
      // No class is followed by one.
      if next == .open { throw unknownName(name, "function or place", Self.functions + Self.places, column: place, article: "there is no") }
      try score(&selection)
    default: break
    }
    while case .word(let place) = next, Self.places.contains(place) {
      isEmpty = false
      try add(place, to: &selection)
    }
    guard isEmpty else { return selection }
    throw unexpected("a class (quote one that is written like a word of the language), \"any\", \"count\", \"area\" or a place")
  }

  private mutating func score(_ selection: inout Expression.Selection) throws(InspectionError) {
    guard case .comparison(let comparison) = next else { return }
    try refuseEquality(comparison)
    try advance()
    let place = column
    let (number, _) = try number()
    guard number <= 1 else { throw InspectionError(.syntax, column: place, "a score is 0 to 1") }
    (selection.comparison, selection.score, selection.scoreColumn) = (comparison, number, place)
  }

  private func refuseEquality(_ comparison: Expression.Comparison) throws(InspectionError) {
    guard comparison == .equal || comparison == .unequal else { return }
    throw InspectionError(.syntax, column: column, "\"\(comparison.rawValue)\" is for counts; scores and areas are hardly ever equal: use >= or <")
  }

  private mutating func add(_ place: String, to selection: inout Expression.Selection) throws(InspectionError) {
    result.firstPlaceColumn = result.firstPlaceColumn ?? column
    if place == "crossing" { result.firstLineColumn = result.firstLineColumn ?? column }
    try advance()
    try expect(.open)
    guard case .word(let name) = next else { throw unexpected(place == "crossing" ? "a line's name" : "a region's name") }
    let (kind, names) = place == "crossing" ? ("line", lines) : ("region", regions)
    let index = names.firstIndex(of: name)
    if index == nil { unknown.append(unknownName(name, kind, names, column: column, article: "there is no")) }
    let bit = UInt32(1) << UInt32(index ?? 0)
    switch place {
    case "inside": selection.inside |= bit
    case "outside": selection.outside |= bit
    default: selection.crossing |= bit
    }
    try advance()
    try expect(.close)
  }

  private mutating func label(_ name: String) -> Int {
    if let known = result.labels.firstIndex(where: { $0.name == name }) { return known }
    result.labels.append(Expression.LabelName(name: name, column: column))
    return result.labels.count - 1
  }

  private mutating func number() throws(InspectionError) -> (Float, isWhole: Bool) {
    guard case .number(let number, let isWhole) = next else { throw unexpected("a number") }
    try advance()
    return (number, isWhole)
  }

  private mutating func expect(_ token: Token) throws(InspectionError) {
    guard next == token else { throw unexpected(token.description) }
    try advance()
  }

  private func unexpected(_ wanted: String) -> InspectionError {
    if case .word(let word) = next, !Self.words.contains(word), let near = nearestName(to: word, among: Self.words) {
      return InspectionError(.syntax, column: column, "expected \(wanted), found \"\(word.prefix(40))\"; did you mean \"\(near)\"?")
    }
    return InspectionError(.syntax, column: column, "expected \(wanted), found \(next.description)")
  }

  private mutating func add(_ step: Expression.Step) throws(InspectionError) {
    guard result.steps.count < Expression.stepLimit else {
      throw InspectionError(.limit, column: column, "has more than \(Expression.stepLimit) conditions and operators; make several rules of it")
    }
    result.steps.append(step)
  }

  // MARK: - Tokens

  private mutating func advance() throws(InspectionError) {
    while position < characters.count, characters[position].isWhitespace { position += 1 }
    column = position + 1
    guard position < characters.count else {
      next = .end
      return
    }
    let character = characters[position]
    switch character {
    case "(", ")":
      position += 1
      next = character == "(" ? .open : .close
    case "'", "\"": next = try quoted(by: character)
    case "<", ">", "=", "!": next = try comparison()
    case _ where Self.isDigit(character) || character == ".": next = try numeral()
    case _ where Self.isLetter(character):
      next = .word(take { Self.isLetter($0) || Self.isDigit($0) || $0 == "-" || $0 == "." })
    default: throw InspectionError(.syntax, column: column, "\"\(character)\" means nothing here")
    }
  }

  private mutating func take(while isPart: (Character) -> Bool) -> String {
    let start = position
    while position < characters.count, isPart(characters[position]) { position += 1 }
    return String(characters[start..<position])
  }

  private mutating func quoted(by mark: Character) throws(InspectionError) -> Token {
    position += 1
    let text = take { $0 != mark }
    guard position < characters.count else { throw InspectionError(.syntax, column: column, "the quotation has no end") }
    position += 1
    guard !text.isEmpty else { throw InspectionError(.syntax, column: column, "the quotation is empty") }
    return .quoted(text)
  }

  private mutating func comparison() throws(InspectionError) -> Token {
    let text = take { "<>=!".contains($0) }
    guard let comparison = Expression.Comparison(rawValue: text) else {
      throw InspectionError(.syntax, column: column, "\"\(text.prefix(8))\" is no comparison; known: >=, >, <=, <, ==, !=")
    }
    return .comparison(comparison)
  }

  private mutating func numeral() throws(InspectionError) -> Token {
    let text = take { Self.isDigit($0) || Self.isLetter($0) || $0 == "." }
    let isWhole = text.allSatisfy(Self.isDigit)
    guard text.filter({ $0 == "." }).count <= 1, text.allSatisfy({ Self.isDigit($0) || $0 == "." }), let first = text.first, Self.isDigit(first),
      text.last != ".",
      let number = Float(text), number <= 1_000_000
    else { throw InspectionError(.syntax, column: column, "\"\(text.prefix(20))\" is no number; write it as 0.6 or 3, at most 1000000") }
    return .number(number, isWhole: isWhole)
  }

  private static func isDigit(_ character: Character) -> Bool { character >= "0" && character <= "9" && character.utf8.count == 1 }
  private static func isLetter(_ character: Character) -> Bool { character.isLetter || character == "_" }
}

func unknownName(_ name: String, _ kind: String, _ known: [String], column: Int, article: String) -> InspectionError {
  let listed = known.prefix(12).joined(separator: ", ") + (known.count > 12 ? " and \(known.count - 12) more" : "")
  let hint = nearestName(to: name, among: known).map { "did you mean \"\($0)\"?" } ?? (known.isEmpty ? "there are none" : "known: \(listed)")
  return InspectionError(.unknownName, column: column, "\(article) \(kind) \"\(name.prefix(40))\"; \(hint)")
}
