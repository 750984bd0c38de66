import Hearing
public import Pipelines

/// Writes down sound that goes on: utterance by utterance, or everything in pieces between quiet places. One sound and one thread at a time.
public struct LiveTranscriber {
  public typealias Event = StreamingTranscriber.Event

  /// Seconds of a piece between quiet places, unless the model takes less at once: half of it at least is waited for before a text.
  private static let longestPiece = 8

  private let speech: any SpeechRecogniser
  private let now: () -> MonotonicInstant
  private var pieces: LiveCutter
  private var pieceCount = 0
  /// Where utterances are looked for.
  private var transcriber: StreamingTranscriber?

  /// - Parameters:
  ///   - search: finds the utterances; without one everything is transcribed.
  ///   - pace: of partial results, which only utterances have; nil where only final ones are wanted.
  public init(
    _ speech: any SpeechRecogniser, utterancesBy search: UtteranceSearch?, pace: StreamingTranscriber.Pace? = nil,
    now: @escaping () -> MonotonicInstant = { MonotonicClock.now() }
  ) {
    (self.speech, self.now) = (speech, now)
    pieces = LiveCutter(greatestLength: min(speech.greatestLength, Self.longestPiece * speech.sampleRate), sampleRate: speech.sampleRate)
    transcriber = search.map { StreamingTranscriber(speech, $0.cutter(), pace: pace, now: now) }
  }

  /// Takes what comes next.
  /// - Parameter position: of the first of `samples`; more than what came by now is a gap, over which no text goes.
  /// - Returns: what is known by it, in order. Where nothing was said the text is empty.
  public mutating func add(_ samples: [Float], at position: Int) throws(TranscriptionError) -> [Event] {
    if transcriber != nil { return try transcriber!.add(samples, at: position) }
    pieces.add(samples, at: position)
    return try finishedPieces()
  }

  /// Ends the sound: what is being said is over. Another may begin, at any position.
  public mutating func end() throws(TranscriptionError) -> [Event] {
    if transcriber != nil { return try transcriber!.end() }
    var events = try finishedPieces()
    if let piece = pieces.lastPiece() { events.append(try event(piece)) }
    return events
  }

  private mutating func finishedPieces() throws(TranscriptionError) -> [Event] {
    var events: [Event] = []
    while let piece = pieces.nextPiece() { events.append(try event(piece)) }
    return events
  }

  private mutating func event(_ piece: SoundPiece) throws(TranscriptionError) -> Event {
    let start = Duration.seconds(piece.position) / speech.sampleRate
    let begin = now()
    let transcript = try speech.transcript(of: piece.samples, from: start)
    defer { pieceCount += 1 }
    return Event(
      utterance: pieceCount, isFinal: true, isRevised: false, goesOn: false, transcript: transcript, start: start,
      end: .seconds(piece.position + piece.samples.count) / speech.sampleRate, speechProbability: nil, wait: .zero, cost: begin.duration(to: now()))
  }
}
