import Foundation
import ModelManifest
import Testing

@testable import Transcription

@Suite struct CTCBeamDecoderTests {
  /// Two letters, a space and the blank, wherever it stands.
  private func decoding(blank: Int) -> CTCDecoding { CTCDecoding(output: "y", alphabet: ["a", "b", " "], blank: blank) }

  /// Logarithms of random probabilities, the same everywhere.
  private func frames(_ count: Int, seed: UInt64) -> [[Double]] {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    func next() -> Double {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Double(state >> 40) / Double(1 << 24)
    }
    return (0..<count).map { _ in
      let weights = (0..<4).map { _ in next() * next() + 1e-3 }
      return weights.map { log($0 / weights.reduce(0, +)) }
    }
  }

  /// Every text with its probability: the sum over all 4ⁿ alignments.
  private func texts(_ frames: [[Double]], _ decoding: CTCDecoding) -> [String: Double] {
    var sums: [String: Double] = [:]
    for path in 0..<Int(pow(4, Double(frames.count))) {
      var (rest, text, previous, probability) = (path, "", decoding.blank, 1.0)
      for frame in frames {
        let symbol = rest % 4
        rest /= 4
        probability *= exp(frame[symbol])
        if symbol != decoding.blank, symbol != previous { text += decoding.alphabet[symbol > decoding.blank ? symbol - 1 : symbol] }
        previous = symbol
      }
      sums[text, default: 0] += probability
    }
    return sums
  }

  private func text(_ frames: [[Double]], _ decoding: CTCDecoding, width: Int, _ words: [HotWord] = []) throws -> String {
    let decoder = try CTCBeamDecoder(decoding, outputDimensions: [1, frames.count, 4], width: width, hotWords: words)
    return decoder.decode(frames.flatMap { $0.map(Float.init) }).map { decoding.alphabet[$0.index] }.joined()
  }

  @Test(arguments: 0..<4, 1...6)
  func `a beam that holds every text finds the one of all alignments`(blank: Int, count: Int) throws {
    let decoding = decoding(blank: blank)
    for seed in 1...15 {
      let frames = frames(count, seed: UInt64(seed * 10 + blank))
      let best = texts(frames, decoding).max { $0.value < $1.value }
      #expect(try text(frames, decoding, width: 100_000) == best?.key, "seed \(seed)")
    }
  }

  @Test(arguments: 1...6)
  func `expected words add their bonus wherever they stand`(count: Int) throws {
    let decoding = decoding(blank: 3)
    let words = [HotWord("ab", bonus: 2), HotWord("b", bonus: 0.7), HotWord("aba", bonus: 1)]
    for seed in 1...15 {
      let frames = frames(count, seed: UInt64(seed))
      let scored = texts(frames, decoding).map { text, probability in
        (text, log(probability) + text.split(separator: " ").reduce(0) { sum, word in sum + (words.first { $0.text == word }?.bonus ?? 0) })
      }
      let best = scored.max { $0.1 < $1.1 }
      #expect(try text(frames, decoding, width: 100_000, words) == best?.0, "seed \(seed)")
    }
  }

  @Test func `what many alignments say together wins over the single best alignment`() throws {
    // Blank 0.6 twice is the best path, 0.36; but "a" has 0.4 × 0.4 + 2 × 0.4 × 0.6 = 0.64.
    let frame = [log(0.4), -.infinity, -.infinity, log(0.6)]
    #expect(try text([frame, frame], decoding(blank: 3), width: 2) == "a")
  }

  @Test func `symbols begin where the most probable alignment has them`() throws {
    let decoding = decoding(blank: 3)
    let path = [3, 0, 0, 3, 0, 2, 3, 1, 1, 3]
    let scores = path.flatMap { best in (0..<4).map { $0 == best ? Float(-0.01) : -6 } }
    let decoder = try CTCBeamDecoder(decoding, outputDimensions: [1, path.count, 4], width: 8)
    #expect(decoder.decode(scores) == [(0, 1), (0, 4), (2, 5), (1, 7)].map { CTCSymbol(index: $0.0, frame: $0.1) })
    #expect(decoder.decode([]) == [])
  }

  @Test func `frames without numbers are blanks, and a constant changes nothing`() throws {
    let decoder = try CTCBeamDecoder(decoding(blank: 3), outputDimensions: [1, 3, 4], width: 8)
    let found = decoder.decode([100, 90, 90, 90, .nan, .nan, .nan, .nan, 90, 100, .nan, 90])
    #expect(found.map(\.index) == [0, 1])
    #expect(decoder.decode([Float](repeating: -.infinity, count: 12)).isEmpty)
  }

  @Test func `words that can't be written are refused`() {
    for word in ["", "a b", "c", "A"] {
      #expect(throws: TranscriptionError.self) {
        try CTCBeamDecoder(decoding(blank: 3), outputDimensions: [1, 3, 4], width: 8, hotWords: [HotWord(word)])
      }
    }
    #expect(throws: TranscriptionError.self) { try CTCBeamDecoder(decoding(blank: 9), outputDimensions: [1, 3, 4], width: 8) }
  }
}
