import Testing

@testable import Transcription

@Suite struct TimedWordTests {
  @Test func `words are what stands between spaces, timed by their first and last symbol`() {
    let alphabet = ["a", "b", " ", "c d"]
    let symbols = [(2, 0), (0, 1), (1, 3), (2, 4), (2, 6), (0, 7), (3, 9)].map { CTCSymbol(index: $0.0, frame: $0.1) }
    let words = TimedWord.words(of: symbols, alphabet: alphabet, from: .seconds(2), frame: .milliseconds(20))
    #expect(
      words == [
        TimedWord(text: "ab", start: .milliseconds(2020), end: .milliseconds(2080)),
        TimedWord(text: "ac", start: .milliseconds(2140), end: .milliseconds(2200)),
        TimedWord(text: "d", start: .milliseconds(2180), end: .milliseconds(2200)),
      ])
    #expect(TimedWord.words(of: [], alphabet: alphabet, from: .zero, frame: .milliseconds(20)).isEmpty)
  }
}
