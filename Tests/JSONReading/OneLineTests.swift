import JSONReading
import Testing

@Suite struct OneLineTests {
  @Test func `foreign text comes out short, and without what moves, hides or reorders what stands beside it`() {
    #expect("a\u{1B}[31m\r\n\t\u{9B}\u{7F}ü😀".inOneLine(limit: 400) == "a\u{FFFD}[31m\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}ü😀")
    // Overrides and isolates of direction, a zero-width joiner, a byte-order mark, a tag; separators of lines and paragraphs.
    for scalar in ["\u{202E}", "\u{2066}", "\u{200D}", "\u{FEFF}", "\u{E0041}", "\u{2028}", "\u{2029}"] {
      #expect("1\(scalar)2".inOneLine(limit: 400) == "1\u{FFFD}2")
    }
    #expect("µ – „Zahl“ 数 e\u{301}".inOneLine(limit: 400) == "µ – „Zahl“ 数 e\u{301}")
    #expect(String(repeating: "x", count: 1000).inOneLine(limit: 400).utf8.count == 400)
  }
}
