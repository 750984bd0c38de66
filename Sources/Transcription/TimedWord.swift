/// A word that was heard, and when.
public struct TimedWord: Equatable, Sendable {
  public var text: String
  /// From the start of the sound: where its first symbol began.
  public var start: Duration
  /// One frame after its last symbol began.
  public var end: Duration

  public init(text: String, start: Duration, end: Duration) {
    self.text = text
    self.start = start
    self.end = end
  }

  /// The words of decoded symbols: what stands between spaces.
  /// - Parameters:
  ///   - alphabet: the symbols' texts.
  ///   - origin: when frame 0 begins.
  ///   - frame: how long a frame of the output is.
  static func words(of symbols: [CTCSymbol], alphabet: [String], from origin: Duration, frame: Duration) -> [TimedWord] {
    var words: [TimedWord] = []
    var isInside = false
    for symbol in symbols {
      for character in alphabet[symbol.index] {
        guard character != " " else {
          isInside = false
          continue
        }
        if !isInside { words.append(TimedWord(text: "", start: origin + frame * symbol.frame, end: origin)) }
        isInside = true
        words[words.count - 1].text.append(character)
        words[words.count - 1].end = origin + frame * (symbol.frame + 1)
      }
    }
    return words
  }
}
