import SharedData
import Testing

@testable import Transcription

@Suite struct SpeechAccuracyTests {
  @Test(arguments: [
    ("It’s 9 o'clock, isn't it?", ["it's", "9", "o'clock", "isn't", "it"]),
    ("'quoted' words’ and—dashes", ["quoted", "words", "and", "dashes"]),
    ("ÄRGER  naïve\tstraße\n", ["ärger", "naïve", "straße"]),
    ("… !", []), ("", []), ("'''", []),
  ])
  func `texts that sound alike become alike`(_ text: String, _ expected: [String]) {
    #expect(SpeechNormalisation.words(text) == expected)
  }

  private static func counts(_ said: String, _ heard: String) -> [Int] {
    let counts = EditCounts.between(said: Array(said), heard: Array(heard))
    return [counts.substitutions, counts.deletions, counts.insertions, counts.length]
  }

  @Test(arguments: [
    ("", "", [0, 0, 0, 0]), ("abc", "", [0, 3, 0, 3]), ("", "abc", [0, 0, 3, 0]), ("abc", "abc", [0, 0, 0, 3]), ("abc", "adc", [1, 0, 0, 3]),
    ("abc", "ac", [0, 1, 0, 3]), ("abc", "abbc", [0, 0, 1, 3]), ("kitten", "sitting", [2, 0, 1, 6]), ("ab", "ba", [2, 0, 0, 2]),
    ("abcdef", "xabcde", [0, 1, 1, 6]),
  ])
  func `the fewest changes are counted by their kind`(_ said: String, _ heard: String, _ expected: [Int]) {
    #expect(Self.counts(said, heard) == expected)
  }

  /// The whole table, without a band.
  private static func distance(_ said: [Int], _ heard: [Int]) -> Int {
    var row = Array(0...heard.count)
    for (index, element) in said.enumerated() {
      var next = [index + 1]
      for (column, other) in heard.enumerated() {
        next.append(min(next[column] + 1, row[column + 1] + 1, row[column] + (element == other ? 0 : 1)))
      }
      row = next
    }
    return row[heard.count]
  }

  @Test func `a narrow band finds what the whole table does`() {
    var random = SeededGenerator(seed: 3)
    for length in [0, 1, 15, 16, 17, 40, 90] {
      for symbols in [1, 2, 4, 50] {
        let said = (0..<length).map { _ in Int.random(in: 0..<symbols, using: &random) }
        let heard = (0..<Int.random(in: 0...length + 20, using: &random)).map { _ in Int.random(in: 0..<symbols, using: &random) }
        let counts = EditCounts.between(said: said, heard: heard)
        #expect(counts.edits == Self.distance(said, heard), "\(said) \(heard)")
        #expect(counts.length - counts.deletions + counts.insertions == heard.count)
      }
    }
  }

  @Test func `rates are over all clips, not the mean of theirs`() {
    var accuracy = SpeechAccuracy()
    accuracy.add(said: "One, two three!", heard: "one two three")
    accuracy.add(said: "stop", heard: "shop it")
    #expect(accuracy.allWords.edits == 2 && accuracy.wordErrorRate == 0.5)
    // "shop it" from "stop": one changed, three put in, of 13 + 4 characters.
    #expect(accuracy.characterErrorRate == 4.0 / 17)
    let resampled = accuracy.resampledWordErrorRate()
    #expect(resampled([1, 1]) == 0.5 && resampled([2, 0]) == 0 && resampled([0, 2]) == 2)
    #expect(SpeechAccuracy().wordErrorRate == 0)
  }

  @Test func `what is heard in silence counts`() {
    var accuracy = SpeechAccuracy()
    accuracy.add(said: "", heard: "thank you")
    #expect(accuracy.wordErrorRate == 2)
  }
}
