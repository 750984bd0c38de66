import Foundation
import ModelManifest
import Testing

@testable import Transcription

@Suite struct CTCPhraseDecoderTests {
  private static let alphabet = ["a", "b", " "]

  /// Numbers that look random, the same everywhere: 0 for the best of each frame.
  private func costs(_ count: Int, seed: UInt64) -> [[Double]] {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    func next() -> Double {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Double(state >> 40) / Double(1 << 24)
    }
    return (0..<count).map { _ in
      let values = (0..<4).map { _ in -4 * next() }
      return values.map { $0 - (values.max() ?? 0) }
    }
  }

  /// The best path of all 4ⁿ that says the phrase: from the beginning, or behind anything from a space on.
  private func best(_ phrase: String, in costs: [[Double]], blank: Int) -> Double {
    var best = -Double.infinity
    let space = blank <= 2 ? 3 : 2
    for start in 0..<costs.count {
      let frames = costs[start...]
      for path in 0..<Int(pow(4, Double(frames.count))) {
        var (rest, text, previous, score, first) = (path, "", blank, 0.0, -1)
        for frame in frames {
          let symbol = rest % 4
          rest /= 4
          if first < 0 { first = symbol }
          score += frame[symbol]
          if symbol != blank, symbol != previous { text += Self.alphabet[symbol > blank ? symbol - 1 : symbol] }
          previous = symbol
        }
        guard start == 0 || first == space, text.trimmingCharacters(in: .whitespaces) == phrase else { continue }
        best = max(best, score)
      }
    }
    return best
  }

  private func symbols(_ phrase: String, blank: Int) -> [Int] {
    phrase.map { letter in Self.alphabet.firstIndex(of: String(letter)).map { $0 >= blank ? $0 + 1 : $0 } ?? -1 }
  }

  @Test(arguments: 0..<4, 1...6)
  func `the search finds the best of all paths for each phrase`(blank: Int, count: Int) {
    let phrases = ["a", "ab", "a b", "aa", "b a"]
    let tree = PhraseTree(phrases.map { symbols($0, blank: blank) })
    #expect(tree.nodeCount == 8)
    for seed in 1...3 {
      let costs = costs(count, seed: UInt64(seed * 10 + count))
      let paths = tree.bestPaths(in: costs, blank: blank, space: blank <= 2 ? 3 : 2)
      for (phrase, path) in zip(phrases, paths) {
        let expected = best(phrase, in: costs, blank: blank)
        #expect(expected == path.score || abs(expected - path.score) < 1e-9, "\(phrase) in \(count) frames")
        if path.score.isFinite { #expect(0 <= path.begin && path.begin <= path.end && path.end < count) }
      }
    }
  }

  /// Frames that say a text letter by letter, each surely; `.` is the blank, `?` noise.
  private func scores(_ path: String) -> [Float] {
    let letters = Array("abcdefghijklmnopqrstuvwxyz' .")
    return path.flatMap { letter -> [Float] in
      letters.map { $0 == letter ? 0 : letter == "?" ? -3.4 : -12 }
    }
  }

  private func decoder(_ phrases: [String]) throws -> CTCPhraseDecoder { try decoder(phrases.map { SoughtPhrase($0) }) }

  private func decoder(_ phrases: [SoughtPhrase]) throws -> CTCPhraseDecoder {
    let decoding = CTCDecoding(output: "y", alphabet: "abcdefghijklmnopqrstuvwxyz' ".map(String.init), blank: 28)
    return try CTCPhraseDecoder(decoding, outputDimensions: [1, 10, 29], phrases: phrases)
  }

  @Test func `what is said is found, alone or behind other words, with its words' frames`() throws {
    let decoder = try decoder(["stop line", "next part"])
    let alone = try #require(decoder.decode(scores("..sstop. llin.e..")))
    #expect(alone.phrase == 0 && alone.confidence > 0.99)
    #expect(alone.words.map(\.text) == ["stop", "line"] && alone.words.map(\.frames) == [2...6, 9...14])
    let behind = try #require(decoder.decode(scores("please next part")))
    #expect(behind.phrase == 1 && behind.confidence > 0.99 && behind.words[0].frames == 7...10)
  }

  @Test(arguments: [
    "", "................", "????????????????????", "stop the line", "don't stop lime", "stop lines", "nonstop line", "stop line now", "top line", "stopline",
    "we talk of something else altogether",
  ])
  func `anything else is none`(path: String) throws {
    #expect(try decoder(["stop line", "next part"]).decode(scores(path)) == nil, "\(path)")
  }

  @Test func `of phrases that are each other's ends the longest is heard`() throws {
    let decoder = try decoder(["line", "stop line", "the line"])
    #expect(decoder.decode(scores("stop line"))?.phrase == 1)
    #expect(decoder.decode(scores("on the line"))?.phrase == 2)
    #expect(decoder.decode(scores("this line"))?.phrase == 0)
  }

  @Test func `a letter that is nearly as likely costs little, and one of several words is as sure as its worst`() throws {
    var frames = scores("stop line")
    // The i is an e, three times as likely.
    let (place, i, e) = (6 * 29, 8, 4)
    (frames[place + e], frames[place + i]) = (0, -1.0986)
    let match = try #require(try decoder(["stop line"]).decode(frames))
    #expect(abs(match.confidence - Float(pow(4, -0.25))) < 1e-3 && match.words[0].confidence > 0.99)
  }

  @Test(arguments: [[], ["stop  line"], [""], ["stopp!"], [" stop"], ["Stop"], [String(repeating: "a", count: 201)]])
  func `what can't be listened for is refused`(phrases: [String]) {
    #expect(throws: TranscriptionError.self) { try decoder(phrases) }
  }

  @Test func `without a space among the symbols a phrase is one word`() throws {
    let decoding = CTCDecoding(output: "y", alphabet: ["a", "b"], blank: 2)
    #expect(throws: TranscriptionError.self) { try CTCPhraseDecoder(decoding, outputDimensions: [1, 1, 3], phrases: [SoughtPhrase("a b")]) }
    let decoder = try CTCPhraseDecoder(decoding, outputDimensions: [1, 1, 3], phrases: [SoughtPhrase("ab")])
    #expect(decoder.decode([0, -9, -9, -9, 0, -9, -9, -9, 0])?.confidence ?? 0 > 0.99)
    #expect(decoder.decode([-9, 0, -9, 0, -9, -9, -9, 0, -9]) == nil)
  }

  /// The scores of "stop line", of which the i is as likely as not to be an e.
  private var unsure: [Float] {
    var frames = scores("stop line")
    let (place, i, e) = (6 * 29, 8, 4)
    (frames[place + e], frames[place + i]) = (0, -1.0986)
    return frames
  }

  @Test func `each phrase has a least confidence of its own`() throws {
    for (least, isHeard) in [(0.6, true), (0.8, false)] as [(Float, Bool)] {
      for others in [[], [SoughtPhrase("weiter", leastConfidence: 0)]] {
        let decoder = try decoder([SoughtPhrase("stop line", leastConfidence: least)] + others)
        #expect((decoder.decode(unsure)?.phrase == 0) == isHeard, "\(least)")
      }
    }
  }

  @Test func `of phrases that aren't each other's ends the surest is heard, however short`() throws {
    // As sure as the sound is of "stop lene".
    for phrases in [["stop line", "stop lene"], ["stop lene", "stop line"]] {
      #expect(try decoder(phrases).decode(unsure).map { phrases[$0.phrase] } == "stop lene")
    }
    // Where a blank is, an a may be, a third as likely: the longer phrase would be sure enough.
    var frames = scores("stop l.ine")
    frames[6 * 29] = -1.0986
    #expect(try decoder(["stop laine"]).decode(frames)?.confidence ?? 0 > 0.7)
    #expect(try decoder(["stop laine", "stop line"]).decode(frames)?.phrase == 1)
    let decoder = try decoder([SoughtPhrase("stop line now", leastConfidence: 0), SoughtPhrase("line")])
    #expect(decoder.decode(scores("stop line"))?.phrase == 1)
    // And one that isn't sure enough keeps back none that is its end.
    let longer = try self.decoder([SoughtPhrase("stop line", leastConfidence: 0.8), SoughtPhrase("line", leastConfidence: 0.5)])
    #expect(longer.decode(unsure)?.phrase == 1)
  }
}
