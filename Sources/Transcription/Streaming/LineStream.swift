/// What a recogniser that hears bit by bit makes of sound that goes on, in lines: one ends where no word follows for a while, or behind the word
/// with which it becomes long. The sound isn't cut there; only a gap cuts it.
struct LineStream {
  struct Line {
    /// At least one.
    var words: [TimedWord]
    /// Whether somebody may go on speaking behind it.
    var goesOn: Bool
    /// Sound that had come since its end when that was known.
    var wait: Duration
  }

  /// After a word, before a line is over.
  static let pause = Duration.milliseconds(600)
  /// After which a line is over with the next word that is known.
  static let longest = Duration.seconds(8)

  private let recogniser: any StreamingSpeechRecogniser
  private var words: [TimedWord] = []
  /// Of the sample that comes next; nil before the sound begins.
  private var next: Int?

  init(_ recogniser: any StreamingSpeechRecogniser) { self.recogniser = recogniser }

  /// Takes what comes next.
  /// - Throws: where the model fails; the sound begins anew behind it.
  mutating func add(_ samples: [Float], at position: Int) throws(TranscriptionError) -> [Line] {
    var lines: [Line] = []
    if let next, next != position { lines = try end(isCut: true) }
    if next == nil { recogniser.begin(at: .seconds(position) / recogniser.sampleRate) }
    do throws(TranscriptionError) { try recogniser.add(samples[...]) } catch {
      (next, words) = (nil, [])
      throw error
    }
    next = position + samples.count
    return lines + known()
  }

  /// Ends the sound; another may begin anywhere.
  mutating func end(isCut: Bool) throws(TranscriptionError) -> [Line] {
    guard next != nil else { return [] }
    next = nil
    defer { words = [] }
    try recogniser.end()
    words += recogniser.takeWords()
    return words.isEmpty ? [] : [Line(words: words, goesOn: isCut, wait: .zero)]
  }

  private mutating func known() -> [Line] {
    if let end = recogniser.unfinishedWordEnd, recogniser.heardUntil - end >= Self.pause { recogniser.finishWord() }
    words += recogniser.takeWords()
    guard let first = words.first, let last = words.last else { return [] }
    let isOver = recogniser.unfinishedWordEnd == nil && recogniser.heardUntil - last.end >= Self.pause
    guard isOver || last.end - first.start >= Self.longest else { return [] }
    defer { words = [] }
    let now = Duration.seconds(next ?? 0) / recogniser.sampleRate
    return [Line(words: words, goesOn: true, wait: max(.zero, now - last.end))]
  }
}
