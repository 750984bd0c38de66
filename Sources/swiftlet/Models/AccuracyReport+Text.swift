import ModelManifest

extension AccuracyReport {
  /// In points: hundredths of the metric, with their sign.
  private static func points(_ change: Double) -> String { "\(change < 0 ? "-" : "+")\(DemoTable.decimal((change * 100).magnitude, 2))" }

  private static func decibels(_ value: Double?) -> String { value.map { DemoTable.decimal($0, 1) } ?? "exact" }

  /// A word error rate is read in percent.
  private func figure(_ value: Double) -> String { metric == Self.wordErrorRate ? "\(DemoTable.decimal(value * 100, 2)) %" : DemoTable.decimal(value, 4) }

  /// Values with the most noise first.
  private var noisiest: [ValueNoise] {
    values.filter { $0.decibels != nil }.sorted { $0.decibels! == $1.decibels! ? $0.name < $1.name : $0.decibels! < $1.decibels! }
  }

  /// One line: what changes from one form to the other.
  func summary(of forms: ComparedForms) -> String {
    "\(metric) \(figure(float)) \(forms.preposition) \(forms.first), \(figure(quantised)) \(forms.preposition) "
      + "\(forms.second) over \(images) \((sample ?? .image).rawValue)(s)\(words.map { ", \($0.float) and \($0.quantised) errors in \($0.said) words" } ?? ""): "
      + "\(Self.points(quantised - float)) points (95 %: \(Self.points(leastChange)) to \(Self.points(greatestChange)))"
      + (sizes.map { ", at \($0.map { "\($0.name)=\($0.size)" }.joined(separator: ", "))" } ?? "")
  }

  /// Lines for a terminal: the summary, the classes that change most, the values with the most noise.
  func text(of forms: ComparedForms, classes shownClasses: Int = 5, values shownValues: Int = 5) -> String {
    var lines = [summary(of: forms)]
    let changed = changedClasses
    for change in changed.prefix(shownClasses) {
      lines.append("  \(DemoTable.decimal(change.float, 4)) -> \(DemoTable.decimal(change.quantised, 4))  \(change.label)")
    }
    if changed.count > shownClasses { lines.append("  … \(changed.count - shownClasses) more class(es) change less") }
    if changed.count < classes.count { lines.append("  \(classes.count - changed.count) class(es) stay as they are") }
    for value in noisiest.prefix(shownValues) {
      lines.append("  \(Self.decibels(value.decibels)) dB of signal to noise at \(value.name)")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Classes whose figures differ as they are shown, those first that change most.
  private var changedClasses: [ClassChange] {
    let changed = classes.filter { DemoTable.decimal($0.float, 4) != DemoTable.decimal($0.quantised, 4) }
    return changed.enumerated().sorted {
      let (a, b) = (($0.element.quantised - $0.element.float).magnitude, ($1.element.quantised - $1.element.float).magnitude)
      return a == b ? $0.offset < $1.offset : a > b
    }.map(\.element)
  }

  var json: JSON {
    let words = words.map { JSON.object([("said", .integer($0.said)), ("float", .integer($0.float)), ("quantised", .integer($0.quantised))]) }
    return .object([
      ("metric", .string(metric)), (sample == .sound ? "sounds" : "images", .integer(images)), ("float", .number(float)), ("quantised", .number(quantised)),
      ("change", .number(quantised - float)), ("change_interval_95", .array([.number(leastChange), .number(greatestChange)])),
      ("words", words ?? .null),
      ("sizes", sizes.map { .object($0.map { ($0.name, .integer($0.size)) }) } ?? .null),
      (
        "classes",
        .array(classes.map { .object([("label", .string($0.label)), ("float", .number($0.float)), ("quantised", .number($0.quantised))]) })
      ),
      (
        "values",
        .array(
          values.map {
            .object([("name", .string($0.name)), ("sqnr_db", $0.decibels.map { .number($0) } ?? .null), ("is_quantised", .boolean($0.isQuantised))])
          })
      ),
    ])
  }

  func html(of forms: ComparedForms) -> String {
    var body = "<p>\(HTML.escaped(summary(of: forms)))</p>\n"
    if !classes.isEmpty {
      body += "<h2>Classes</h2>\n"
      body += HTML.table(
        ["class", forms.first, forms.second, "change, points"],
        classes.map { [$0.label, DemoTable.decimal($0.float, 4), DemoTable.decimal($0.quantised, 4), Self.points($0.quantised - $0.float)] })
    }
    if !values.isEmpty {
      body += "<h2>Signal to quantisation noise, in the program's order</h2>\n"
      body += HTML.table(["value", "dB", "stored in"], values.map { [$0.name, Self.decibels($0.decibels), $0.isQuantised ? "8 bits" : "float"] })
    }
    return body
  }
}
