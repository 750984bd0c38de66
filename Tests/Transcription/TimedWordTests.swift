import Testing

@testable import Transcription

@Suite struct TimedWordTests {
  @Test func `words are what stands between spaces, timed by their first and last symbol`() {
    let alphabet = ["a", "b", " ", "c d"]
    let symbols = [(2, 0), (0, 1), (1, 3), (2, 4), (2, 6), (0, 7), (3, 9)].map { CTCSymbol(index: $0.0, frame: $0.1) }
    let words = TimedWord.words(
      of: symbols, probabilities: [1, 0.25, 1, 0.1, 0.1, 0.5, 0.125], alphabet: alphabet, from: .seconds(2), frame: .milliseconds(20))
    let expected = [
      TimedWord(text: "ab", start: .milliseconds(2020), end: .milliseconds(2080), confidence: 0.5),
      TimedWord(text: "ac", start: .milliseconds(2140), end: .milliseconds(2200), confidence: 0.25),
      TimedWord(text: "d", start: .milliseconds(2180), end: .milliseconds(2200), confidence: 0.125),
    ]
    #expect(words.map(\.text) == expected.map(\.text) && words.map(\.start) == expected.map(\.start) && words.map(\.end) == expected.map(\.end))
    #expect(zip(words, expected).allSatisfy { abs($0.confidence! - $1.confidence!) < 1e-6 })
    #expect(TimedWord.words(of: [], probabilities: [], alphabet: alphabet, from: .zero, frame: .milliseconds(20)).isEmpty)
  }

  @Test func `a symbol's probability is its share of its frame, whatever the scores' level`() {
    let scores: [Float] = [0, 0, 0, 0] + [100, 101, 100, 100] + [-.infinity, .nan, 0, 0]
    let symbols = [CTCSymbol(index: 0, frame: 0), CTCSymbol(index: 1, frame: 1), CTCSymbol(index: 1, frame: 2)]
    // The blank is the second of four, so the alphabet's second is the third.
    let found = CTCConfidence.probabilities(of: symbols, in: scores, symbolsPerFrame: 4, blank: 1)
    #expect(abs(found[0] - 0.25) < 1e-6 && abs(found[1] - 0.174878) < 1e-6 && found[2] == 0)
  }
}
