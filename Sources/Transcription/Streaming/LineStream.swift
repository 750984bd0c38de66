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
  /// After which a line is over with the next word that is known, and a word with its last symbol, where an alphabet has nothing that ends one.
  static let longest = Duration.seconds(8)

  private let recogniser: any StreamingSpeechRecogniser
  private var words: [TimedWord] = []
  /// Of the sample that comes next; nil before the sound begins.
  private var next: Int?
  /// Over, and not given yet: the model failed behind them.
  private var ready: [Line] = []

  init(_ recogniser: any StreamingSpeechRecogniser) { self.recogniser = recogniser }

  /// Takes what comes next.
  /// - Throws: where the model fails, be it on what came before a gap; the sound begins anew behind that. What was known before is a line, which the next
  ///   call gives, be it of `end`.
  mutating func add(_ samples: [Float], at position: Int) throws(TranscriptionError) -> [Line] {
    var failure: TranscriptionError?
    if let next, next != position {
      do throws(TranscriptionError) { try finish(isCut: true) } catch { failure = error }
    }
    if next == nil { recogniser.begin(at: .seconds(position) / recogniser.sampleRate) }
    next = position + samples.count
    do throws(TranscriptionError) {
      try recogniser.add(samples[...])
      endLine()
    } catch {
      next = nil
      takeLineOfRest(goesOn: true)
      failure = failure ?? error
    }
    if let failure { throw failure }
    return takeReady()
  }

  /// Ends the sound; another may begin anywhere.
  /// - Throws: as `add` does.
  mutating func end(isCut: Bool) throws(TranscriptionError) -> [Line] {
    try finish(isCut: isCut)
    return takeReady()
  }

  private mutating func finish(isCut: Bool) throws(TranscriptionError) {
    guard next != nil else { return }
    next = nil
    defer { takeLineOfRest(goesOn: isCut) }
    try recogniser.end()
  }

  /// The sound is over: what is being spelt is a word.
  private mutating func takeLineOfRest(goesOn: Bool) {
    recogniser.finishWord()
    takeLine(goesOn: goesOn)
  }

  /// Ends the line where it is over.
  private mutating func endLine() {
    if let word = recogniser.unfinishedWord,
      recogniser.heardUntil - word.upperBound >= Self.pause || word.upperBound - word.lowerBound >= Self.longest
    {
      recogniser.finishWord()
    }
    words += recogniser.takeWords()
    guard let first = words.first, let last = words.last else { return }
    let isOver = recogniser.unfinishedWord == nil && recogniser.heardUntil - last.end >= Self.pause
    if isOver || last.end - first.start >= Self.longest { takeLine(goesOn: true) }
  }

  /// Makes a line of the words that are known.
  private mutating func takeLine(goesOn: Bool) {
    words += recogniser.takeWords()
    defer { words = [] }
    guard let last = words.last else { return }
    let now = next.map { .seconds($0) / recogniser.sampleRate } ?? last.end
    ready.append(Line(words: words, goesOn: goesOn, wait: max(.zero, now - last.end)))
  }

  private mutating func takeReady() -> [Line] {
    defer { ready = [] }
    return ready
  }
}
