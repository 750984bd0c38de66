/// Prometheus' text format read as strictly as its description allows, and then some: each family has help and type once, before its samples,
/// which stand together; no sample comes twice; counters end in `_total`; a histogram's buckets ascend to `+Inf`, which is its count.
public struct Exposition: Sendable {
  public struct Sample: Sendable, Equatable {
    public var name: String
    public var labels: [String: String]
    public var value: Double
  }

  public struct Family: Sendable {
    public var name: String
    public var kind: String
    public var help: String
    public var samples: [Sample] = []
  }

  public struct Mistake: Error, CustomStringConvertible {
    public var line: Int
    public var description: String
  }

  public private(set) var families: [Family] = []

  /// The value of one sample; nil where there is none.
  public func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
    families.lazy.flatMap(\.samples).first { $0.name == name && $0.labels == labels }?.value
  }

  public init(_ text: String) throws {
    guard text.hasSuffix("\n") else { throw Mistake(line: 0, description: "the last line has no end") }
    var seen: Set<String> = []
    for (index, line) in text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).dropLast().enumerated() {
      let line = String(String.UnicodeScalarView(line))
      func require(_ condition: Bool, _ what: String) throws { if !condition { throw Mistake(line: index + 1, description: "\(what): \(line)") } }
      if line.hasPrefix("# HELP ") {
        let parts = line.dropFirst(7).split(separator: " ", maxSplits: 1).map(String.init)
        try require(parts.count == 2 && Self.isName(parts[0]), "no help")
        try require(!families.contains { $0.name == parts[0] }, "a second help")
        try require(families.last.map { !$0.kind.isEmpty && !$0.samples.isEmpty } ?? true, "the family before has nothing")
        families.append(Family(name: parts[0], kind: "", help: parts[1]))
      } else if line.hasPrefix("# TYPE ") {
        let parts = line.dropFirst(7).split(separator: " ").map(String.init)
        try require(parts.count == 2 && families.last?.name == parts[0] && families.last?.kind == "", "a type that doesn't follow its help")
        try require(["counter", "gauge", "histogram"].contains(parts[1]), "no type")
        try require(parts[0].hasSuffix("_total") == (parts[1] == "counter"), "counters, and only they, end in _total")
        families[families.count - 1].kind = parts[1]
      } else {
        var reader = LineReader(line)
        guard let sample = reader.sample() else { throw Mistake(line: index + 1, description: "no sample: \(line)") }
        let family = try Self.family(of: sample, families.last, index + 1)
        try require(family.kind != "", "a sample before its type")
        let key = sample.name + sample.labels.sorted { $0.key < $1.key }.map { "\u{0}\($0.key)\u{1}\($0.value)" }.joined()
        try require(seen.insert(key).inserted, "the same sample twice")
        try require(family.kind == "gauge" || sample.value >= 0, "what counts is never negative")
        families[families.count - 1].samples.append(sample)
      }
    }
    try families.forEach(Self.checkHistogram)
  }

  private static func family(of sample: Sample, _ last: Family?, _ line: Int) throws -> Family {
    guard let last else { throw Mistake(line: line, description: "a sample without a family") }
    let names = last.kind == "histogram" ? ["_bucket", "_sum", "_count"].map { last.name + $0 } : [last.name]
    guard names.contains(sample.name) else { throw Mistake(line: line, description: "\(sample.name) is none of \(last.name)'s") }
    guard sample.name.hasSuffix("_bucket") == (sample.labels["le"] != nil) || last.kind != "histogram" else {
      throw Mistake(line: line, description: "le belongs to buckets")
    }
    return last
  }

  private static func checkHistogram(_ family: Family) throws {
    guard family.kind == "histogram" else { return }
    func mistake(_ what: String) -> Mistake { Mistake(line: 0, description: "\(family.name): \(what)") }
    let series = Dictionary(grouping: family.samples) { $0.labels.filter { $0.key != "le" } }
    for (labels, samples) in series {
      let buckets = samples.filter { $0.name.hasSuffix("_bucket") }
      let bounds = buckets.map { $0.labels["le"] == "+Inf" ? .infinity : Double($0.labels["le"] ?? "") ?? .nan }
      guard bounds.last == .infinity, zip(bounds, bounds.dropFirst()).allSatisfy({ $0 < $1 }) else { throw mistake("bounds don't ascend to +Inf") }
      guard zip(buckets, buckets.dropFirst()).allSatisfy({ $0.value <= $1.value }) else { throw mistake("buckets don't ascend") }
      let counts = samples.filter { $0.name.hasSuffix("_count") }, sums = samples.filter { $0.name.hasSuffix("_sum") }
      guard counts.count == 1, sums.count == 1, counts[0].value == buckets.last?.value else { throw mistake("no sum, or another count, of \(labels)") }
    }
  }

  static func isName(_ text: some StringProtocol) -> Bool {
    guard let first = text.utf8.first, !(0x30...0x39).contains(first) else { return false }
    return text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x5F || $0 == 0x3A }
  }
}

/// One sample's line: `name{label="value",…} value`, without spaces elsewhere and without a time stamp.
private struct LineReader {
  private var rest: Substring.UnicodeScalarView

  init(_ line: String) { rest = Substring(line).unicodeScalars }

  mutating func sample() -> Exposition.Sample? {
    let name = take { $0 != "{" && $0 != " " }
    guard Exposition.isName(name), let labels = labels(), next() == " " else { return nil }
    let text = take { _ in true }
    let value: Double? = text == "+Inf" ? .infinity : text == "-Inf" ? -.infinity : text == "NaN" ? .nan : Double(text)
    guard let value, !text.isEmpty, !text.contains(" ") else { return nil }
    return Exposition.Sample(name: name, labels: labels, value: value)
  }

  private mutating func labels() -> [String: String]? {
    guard rest.first == "{" else { return [:] }
    _ = next()
    var labels: [String: String] = [:]
    while true {
      let name = take { $0 != "=" }
      guard Exposition.isName(name), !name.contains(":"), next() == "=", next() == "\"", let value = quoted(), labels[name] == nil else { return nil }
      labels[name] = value
      switch next() {
      case ",": continue
      case "}": return labels
      default: return nil
      }
    }
  }

  private mutating func quoted() -> String? {
    var value = String.UnicodeScalarView()
    while let scalar = next() {
      switch scalar {
      case "\"": return String(value)
      case "\\":
        switch next() {
        case "\\": value.append("\\")
        case "\"": value.append("\"")
        case "n": value.append("\n")
        default: return nil
        }
      default: value.append(scalar)
      }
    }
    return nil
  }

  private mutating func next() -> Unicode.Scalar? { rest.popFirst() }

  private mutating func take(while belongs: (Unicode.Scalar) -> Bool) -> String {
    let taken = rest.prefix(while: belongs)
    rest.removeFirst(taken.count)
    return String(String.UnicodeScalarView(taken))
  }
}
