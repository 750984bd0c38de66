import Testing
import YAMLReading

private func parse(_ text: String, limits: YAMLLimits = YAMLLimits()) throws -> YAMLNode {
  try YAMLNode.parse(Array(text.utf8), file: "f.yaml", limits: limits)
}

/// The error of a text that must not parse.
private func failure(_ text: String, limits: YAMLLimits = YAMLLimits()) -> YAMLError? {
  do {
    _ = try YAMLNode.parse(Array(text.utf8), file: "f.yaml", limits: limits)
    return nil
  } catch { return error }
}

/// Deterministic bytes (SplitMix64, Steele et al. 2014).
private struct Noise: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

private let sample = """
  device: {id: line-3, site: "plant-a"}   # who we are
  list: [1, two, "3"]
  text: |
    several
    lines
  base: &base {a: 1}
  copy: *base
  """

@Suite struct ParsingTests {
  @Test func `values carry the line and column where they stand`() throws {
    guard case .mapping(let entries) = try parse(sample).content else { return #expect(Bool(false), "no mapping") }
    #expect(entries.map(\.key) == ["device", "list", "text", "base", "copy"])
    #expect(entries.map(\.line) == [1, 2, 3, 6, 7])
    #expect(entries[1].value.line == 2)
    #expect(entries[1].value.column == 7)
  }

  @Test func `an alias stands for its anchor's value`() throws {
    guard case .mapping(let entries) = try parse(sample).content else { return #expect(Bool(false), "no mapping") }
    #expect(entries[4].value == entries[3].value)
  }

  @Test func `quotes are remembered`() throws {
    guard case .sequence(let items) = try parse("[3, \"3\"]").content else { return #expect(Bool(false), "no list") }
    #expect(items.map(\.content) == [.scalar(YAMLScalar(text: "3", isPlain: true)), .scalar(YAMLScalar(text: "3", isPlain: false))])
  }

  @Test(arguments: ["~", "null", "a:", "a: ~"])
  func `nothing is null`(text: String) throws {
    let node = try parse(text)
    if case .mapping(let entries) = node.content { #expect(entries[0].value.isNull) } else { #expect(node.isNull) }
  }

  @Test(arguments: [
    ("a: 1\nb: 2\na: 3\n", YAMLError.Code.duplicateKey, 3), ("a: [1, 2\nb: 3\n", .syntax, 2), ("a: *nowhere\n", .syntax, 1),
    ("a: &a [*a]\n", .syntax, 1), ("a: 1\n---\nb: 2\n", .syntax, 3), ("a: !secret x\n", .syntax, 1), ("? [a, b]\n: c\n", .syntax, 1),
    ("a:\n\t- b\n", .syntax, 2), ("", .empty, 1), ("# only a comment\n", .empty, 2),
  ])
  func `a broken file is refused with its line`(text: String, code: YAMLError.Code, line: Int) {
    let error = failure(text)
    #expect(error?.code == code)
    #expect(error?.line == line)
  }

  @Test func `a duplicate says where the first one stands`() {
    #expect(failure("a: 1\nb: 2\na: 3\n")?.description == "f.yaml:3: \"a\" is set twice (first on line 1); remove one")
  }

  @Test(arguments: [("a:\n  camera station\n  b: 1\n", "a colon with a space behind it is missing"), ("a:\n\t- b\n", "indent with spaces, not tabs")])
  func `what a person most likely did is told`(text: String, advice: String) {
    #expect(failure(text)?.message.contains(advice) == true, "\(String(describing: failure(text)))")
  }

  @Test func `what isn't closed is named where it begins`() {
    #expect(failure("a: 1\nb: {c: 1\nd: 2\n")?.message.hasSuffix(" that begins on line 2") == true, "\(String(describing: failure("a: 1\nb: {c: 1\nd: 2\n")))")
  }

  @Test func `aliases of aliases don't multiply without bound`() {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...12 { text += "a\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", "))]\n" }
    #expect(failure(text)?.code == .limit)
  }

  @Test func `depth and size are bounded`() {
    #expect(failure(String(repeating: "[", count: 40) + String(repeating: "]", count: 40))?.code == .limit)
    var limits = YAMLLimits()
    limits.byteCount = 10
    #expect(failure("a: 123456789", limits: limits)?.code == .limit)
    #expect(failure("a: 1234567", limits: limits) == nil)
  }

  @Test func `bytes that are no UTF-8 are an error`() {
    #expect(throws: YAMLError.self) { try YAMLNode.parse([0x61, 0x3A, 0x20, 0xC3, 0x28], file: "f") }
  }

  @Test func `every truncation parses or is refused`() throws {
    let bytes = Array(sample.utf8)
    for length in 0..<bytes.count { _ = try? YAMLNode.parse(Array(bytes[..<length]), file: "f") }
    #expect(try parse(sample) == parse(sample))
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func `random and damaged bytes parse or are refused`(seed: UInt64) {
    var noise = Noise(state: seed)
    let signs = Array("{}[]:-,&*!|>'\"%@`#? \n\tab0".utf8)
    for _ in 0..<100 {
      let anything = (0..<64).map { _ in UInt8.random(in: 0...255, using: &noise) }
      _ = try? YAMLNode.parse(anything, file: "f")
      let nearly = (0..<64).map { _ in signs.randomElement(using: &noise) ?? 0 }
      _ = try? YAMLNode.parse(nearly, file: "f")
      var damaged = Array(sample.utf8)
      damaged[Int.random(in: 0..<damaged.count, using: &noise)] ^= UInt8(1 << Int.random(in: 0..<8, using: &noise))
      _ = try? YAMLNode.parse(damaged, file: "f")
    }
  }
}
