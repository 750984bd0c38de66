/// A model in memory that hears a sound bit by bit, at the same cost for each second of it. One sound and one thread at a time.
public protocol StreamingSpeechRecogniser: SpeechRecogniser {
  /// The words that are known of the sound and weren't taken: all but one that is being spelt. They don't change any more.
  var words: [TimedWord] { get }
  /// The end of what is known: the words before it are in `words`, but for one that is being spelt.
  var heardUntil: Duration { get }
  /// From the first symbol of the word that is being spelt to the end of the last; nil where there is none.
  var unfinishedWord: Range<Duration>? { get }

  /// Begins a sound, and forgets the one before.
  /// - Parameter origin: when it begins; the words' times count from there.
  func begin(at origin: Duration)

  /// Takes what comes next. What is known by it doesn't depend on the pieces in which it comes.
  /// - Throws: where the model fails; the sound is to be begun again.
  func add(_ samples: ArraySlice<Float>) throws(TranscriptionError)

  /// Takes the word that is being spelt for a whole one.
  func finishWord()

  /// Gives up the words that are known.
  func takeWords() -> [TimedWord]

  /// Ends the sound: all of it is known, and in `words`. A sound of no samples has none.
  func end() throws(TranscriptionError)
}

extension StreamingSpeechRecogniser {
  public var tellsWords: Bool { true }

  public func transcript(of samples: [Float], from origin: Duration) throws(TranscriptionError) -> Transcript {
    begin(at: origin)
    try add(samples[...])
    try end()
    return Transcript(takeWords())
  }
}

extension Transcript {
  /// Words, and the text that they make.
  public init(_ words: [TimedWord]) { self.init(text: words.map(\.text).joined(separator: " "), words: words) }
}
