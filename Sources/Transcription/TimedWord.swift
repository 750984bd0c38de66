import Glibc

/// A word that was heard, and when.
public struct TimedWord: Equatable, Sendable {
  public var text: String
  /// From the start of the sound: where its first symbol began.
  public var start: Duration
  /// One frame after its last symbol began.
  public var end: Duration

  /// How sure the model is of it, 0…1: the geometric mean over its symbols; nil where the model doesn't tell. It tells good from bad among one
  /// model's words, and is no probability that the word was said.
  public var confidence: Float?

  public init(text: String, start: Duration, end: Duration, confidence: Float? = nil) {
    self.text = text
    self.start = start
    self.end = end
    self.confidence = confidence
  }

  /// The words of decoded symbols: what stands between spaces.
  /// - Parameters:
  ///   - probabilities: of the symbols, in their order.
  ///   - alphabet: the symbols' texts.
  ///   - origin: when frame 0 begins.
  ///   - frame: how long a frame of the output is.
  static func words(
    of symbols: [CTCSymbol], probabilities: [Float], alphabet: [String], from origin: Duration, frame: Duration
  ) -> [TimedWord] {
    var words: [TimedWord] = []
    /// Of the symbols of the word that is being spelt.
    var (logarithms, count): (Double, Int) = (0, 0)
    func close() {
      if count > 0 { words[words.count - 1].confidence = Float(exp(logarithms / Double(count))) }
      (logarithms, count) = (0, 0)
    }
    for (symbol, probability) in zip(symbols, probabilities) {
      var isCounted = false
      for character in alphabet[symbol.index] {
        guard character != " " else {
          close()
          isCounted = false
          continue
        }
        if count == 0 { words.append(TimedWord(text: "", start: origin + frame * symbol.frame, end: origin)) }
        if !isCounted {
          logarithms += log(Double(max(probability, .leastNormalMagnitude)))
          count += 1
          isCounted = true
        }
        words[words.count - 1].text.append(character)
        words[words.count - 1].end = origin + frame * (symbol.frame + 1)
      }
    }
    close()
    return words
  }
}
