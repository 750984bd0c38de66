import EdgeAgent
import Testing
import Transcription

@testable import EdgeAgent

@Suite struct SpokenCommandMatchTests {
  private let commands: [SpokenCommand] = {
    var stop = SpokenCommand(wordings: ["Stop line!"])
    stop.leastConfidence = 0.6
    return [stop, SpokenCommand(wordings: ["next part", "weiter"]), SpokenCommand(wordings: ["the next part"])]
  }()

  /// Each word a second, with one confidence for all of them or one each.
  private func match(_ text: String, _ confidences: Float...) -> SpokenCommandMatch? {
    let words = text.split(separator: " ").enumerated().map { index, word in
      TimedWord(
        text: String(word), start: .seconds(index), end: .seconds(index + 1),
        confidence: confidences.isEmpty ? 0.9 : confidences[min(index, confidences.count - 1)])
    }
    return SpokenCommandMatch(Transcript(text: text, words: words), among: commands)
  }

  @Test(arguments: [
    ("stop line", 0), ("please STOP line.", 0), ("next part", 1), ("Weiter", 1), ("and now the next part", 2), ("line next part", 1), ("stop", nil),
    ("stop line now", nil), ("nonstop line", nil), ("stop lines", nil), ("", nil), ("stop the line", nil),
  ])
  func `a command is heard where a text ends with its words, the longest of several`(text: String, command: Int?) {
    #expect(match(text)?.command == command)
  }

  @Test func `each of its words must be sure enough, the others needn't`() {
    #expect(match("stop line", 0.6)?.confidence == 0.6)
    #expect(match("stop line", 0.9, 0.59) == nil)
    #expect(match("please stop line", 0.1, 0.9, 0.7)?.confidence == 0.7)
    // A longer one that isn't sure leaves the word to a shorter one.
    #expect(match("the next part", 0.1, 0.9, 0.9)?.command == 1)
  }

  @Test func `its times are those of its words`() {
    #expect(match("please stop line")?.times == .seconds(1) ..< .seconds(3))
    #expect(match("please stop line")?.heard == "stop line")
  }

  @Test func `a model that tells no confidence is believed only where none is asked for`() {
    let transcript = Transcript(text: "Please, weiter.", tokens: [1])
    #expect(SpokenCommandMatch(transcript, among: commands) == nil)
    var trusting = commands
    trusting[1].leastConfidence = 0
    let match = SpokenCommandMatch(transcript, among: trusting)
    #expect(match?.command == 1 && match?.confidence == nil && match?.times == nil)
  }
}
