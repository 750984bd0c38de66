/// Gives a recogniser that hears bit by bit what is new of utterances that are being said.
struct UtteranceStream {
  private let recogniser: any StreamingSpeechRecogniser
  /// Of the utterance that is being heard, its first sample and the one behind the last that was heard, in the sound; nil where none is.
  private var heard: Range<Int>?
  /// Words of the utterance.
  private var words: [TimedWord] = []

  init(_ recogniser: any StreamingSpeechRecogniser) { self.recogniser = recogniser }

  /// Hears what is new.
  /// - Returns: the words that are known.
  mutating func hear(_ utterance: Utterance) throws(TranscriptionError) -> [TimedWord] {
    if heard?.lowerBound != utterance.start {
      recogniser.begin(at: .seconds(utterance.start) / recogniser.sampleRate)
      (heard, words) = (utterance.start..<utterance.start, [])
    }
    let new = (heard?.upperBound ?? utterance.start) - utterance.start
    do throws(TranscriptionError) {
      if new < utterance.samples.count { try recogniser.add(utterance.samples[new...]) }
    } catch {
      heard = nil
      throw error
    }
    // What a later end leaves out was heard all the same.
    heard = utterance.start..<utterance.start + max(new, utterance.samples.count)
    words += recogniser.takeWords()
    return words
  }

  /// Hears the rest.
  mutating func finish(_ utterance: Utterance) throws(TranscriptionError) -> Transcript {
    _ = try hear(utterance)
    defer { words = [] }
    let end = utterance.start + utterance.samples.count
    if utterance.ending == .length, let known = heard?.upperBound {
      // It goes on where it was cut, and so does the word that is being spelt.
      heard = end..<max(end, known)
      return Transcript(words)
    }
    heard = nil
    try recogniser.end()
    words += recogniser.takeWords()
    return Transcript(words)
  }
}
