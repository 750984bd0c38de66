import Hearing
public import Pipelines

/// Writes down sound that goes on: utterance by utterance, or everything, in pieces between quiet places, or by a recogniser that hears bit by bit
/// in lines between pauses of its words. One sound and one thread at a time.
public struct LiveTranscriber {
  public typealias Event = StreamingTranscriber.Event

  /// Seconds of a piece between quiet places, unless the model takes less at once: half of it at least is waited for before a text.
  private static let longestPiece = 8

  private let speech: any SpeechRecogniser
  /// Where the recogniser hears bit by bit, and everything is transcribed.
  private var lines: LineStream?
  private let now: () -> MonotonicInstant
  private var pieces: LiveCutter
  private var pieceCount = 0
  /// Known, and not given yet: the model failed behind it.
  private var ready: [Event] = []
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
    if search == nil { lines = (speech as? any StreamingSpeechRecogniser).map { LineStream($0) } }
    transcriber = search.map { StreamingTranscriber(speech, $0.cutter(), pace: pace, now: now) }
  }

  /// Takes what comes next.
  /// - Parameter position: of the first of `samples`; more than what came by now is a gap, over which no text goes.
  /// - Returns: what is known by it, in order. Where nothing was said the text is empty.
  /// - Throws: where the model fails on an utterance, or a piece; that one is lost, and the next call, be it of `end`, gives the others.
  public mutating func add(_ samples: [Float], at position: Int) throws(TranscriptionError) -> [Event] {
    if transcriber != nil { return try transcriber!.add(samples, at: position) }
    if lines != nil {
      let begin = now()
      return events(of: try lines!.add(samples, at: position), since: begin)
    }
    pieces.add(samples, at: position)
    try hearPieces()
    return takeReady()
  }

  /// Ends the sound: what is being said is over. Another may begin, at any position.
  /// - Parameter isCut: whether the sound goes on unheard.
  /// - Throws: as `add` does; called again it gives what is left.
  public mutating func end(isCut: Bool = false) throws(TranscriptionError) -> [Event] {
    if transcriber != nil { return try transcriber!.end(isCut: isCut) }
    if lines != nil {
      let begin = now()
      return events(of: try lines!.end(isCut: isCut), since: begin)
    }
    try hearPieces()
    if let piece = pieces.lastPiece() { ready.append(try event(piece, goesOn: isCut)) }
    return takeReady()
  }

  /// Whether somebody goes on speaking behind a piece isn't known: it may be.
  private mutating func hearPieces() throws(TranscriptionError) {
    while let piece = pieces.nextPiece() { ready.append(try event(piece, goesOn: true)) }
  }

  /// The cost is that of what came last, which ended them.
  private mutating func events(of lines: [LineStream.Line], since begin: MonotonicInstant) -> [Event] {
    let cost = begin.duration(to: now())
    return lines.map { line in
      defer { pieceCount += 1 }
      return Event(
        utterance: pieceCount, isFinal: true, isRevised: false, goesOn: line.goesOn, transcript: Transcript(line.words), start: line.words[0].start,
        end: line.words[line.words.count - 1].end, speechProbability: nil, wait: line.wait, cost: cost)
    }
  }

  private mutating func takeReady() -> [Event] {
    defer { ready = [] }
    return ready
  }

  private mutating func event(_ piece: SoundPiece, goesOn: Bool) throws(TranscriptionError) -> Event {
    defer { pieceCount += 1 }
    let start = Duration.seconds(piece.position) / speech.sampleRate
    let begin = now()
    let transcript = try speech.transcript(of: piece.samples, from: start)
    return Event(
      utterance: pieceCount, isFinal: true, isRevised: false, goesOn: goesOn, transcript: transcript, start: start,
      end: .seconds(piece.position + piece.samples.count) / speech.sampleRate, speechProbability: nil, wait: .zero, cost: begin.duration(to: now()))
  }
}
