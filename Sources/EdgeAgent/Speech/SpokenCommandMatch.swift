import Transcription

/// The command that a text ends with.
struct SpokenCommandMatch: Equatable {
  /// Index into the pipeline's commands.
  var command: Int
  /// As they were heard, from one space to the next.
  var heard: String
  /// The least of its words'; nil where the model tells none.
  var confidence: Float?
  /// Since the beginning of the sound; nil where the model tells no times.
  var times: Range<Duration>?

  private struct Word {
    var text: String
    var confidence: Float?
    var times: Range<Duration>?
  }

  /// - Returns: nil where the text ends with none, or its words aren't sure enough. Of several the one of most words.
  init?(_ transcript: Transcript, among commands: [SpokenCommand]) {
    let words = Self.words(of: transcript)
    var best: (command: Int, count: Int)?
    for (index, command) in commands.enumerated() {
      for phrase in command.phrases where phrase.count <= words.count && phrase.count > best?.count ?? 0 {
        let last = words.suffix(phrase.count)
        // A model that tells no confidence is believed where nothing is asked for.
        guard last.map(\.text) == phrase, last.allSatisfy({ Double($0.confidence ?? 0) >= command.leastConfidence }) else { continue }
        best = (index, phrase.count)
      }
    }
    guard let best else { return nil }
    let last = Array(words.suffix(best.count))
    command = best.command
    heard = last.map(\.text).joined(separator: " ")
    confidence = last.compactMap(\.confidence).min()
    times = last.first?.times.flatMap { first in last.last?.times.map { first.lowerBound..<max(first.lowerBound, $0.upperBound) } }
  }

  /// Words as commands are compared, each with what the model tells of it.
  private static func words(of transcript: Transcript) -> [Word] {
    guard let timed = transcript.words else { return SpeechNormalisation.words(transcript.text).map { Word(text: $0) } }
    return timed.flatMap { word in
      SpeechNormalisation.words(word.text).map { Word(text: $0, confidence: word.confidence, times: word.start..<max(word.start, word.end)) }
    }
  }
}
