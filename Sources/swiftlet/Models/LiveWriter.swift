import Hearing
import Transcription

/// Writes lines of what is said in sound that goes on: utterance by utterance, or everything in pieces between quiet places.
struct LiveWriter {
  /// How lines are written.
  struct Style {
    var isJSON = false
    /// Whether what is known of an utterance is written while it is being said.
    var showsPartialResults = false
  }

  /// Seconds of a piece between quiet places, unless the model takes less at once: half of it at least is waited for before a line.
  private static let longestPiece = 8

  private let speech: any SpeechRecogniser
  private let style: Style
  private var pieces: LiveCutter
  /// Where utterances are looked for.
  private var transcriber: StreamingTranscriber?
  /// Whether every line went out.
  private(set) var isRead = true

  /// - Parameter search: finds the utterances; without one everything is transcribed.
  init(_ speech: any SpeechRecogniser, utterancesBy search: UtteranceSearch?, _ style: Style) {
    (self.speech, self.style) = (speech, style)
    pieces = LiveCutter(greatestLength: min(speech.greatestLength, Self.longestPiece * speech.sampleRate), sampleRate: speech.sampleRate)
    transcriber = search.map { StreamingTranscriber(speech, $0.cutter(), pace: style.showsPartialResults ? StreamingTranscriber.Pace() : nil) }
  }

  /// Takes what comes next, and writes what is known by it.
  /// - Parameter position: of the first of `samples`; more than what came by now is a gap.
  mutating func add(_ samples: [Float], at position: Int) throws {
    guard transcriber != nil else {
      pieces.add(samples, at: position)
      while let piece = pieces.nextPiece() { try write(piece) }
      return
    }
    for event in try transcriber!.add(samples, at: position) { write(event) }
  }

  /// Writes what is left.
  mutating func end() throws {
    while let piece = pieces.nextPiece() { try write(piece) }
    if let piece = pieces.lastPiece() { try write(piece) }
    if transcriber != nil { for event in try transcriber!.end() { write(event) } }
  }

  private mutating func write(_ piece: SoundPiece) throws {
    let transcript = try speech.transcript(of: piece.samples, from: .seconds(piece.position) / speech.sampleRate)
    let end = Duration.seconds(piece.position + piece.samples.count) / speech.sampleRate
    write(transcript, from: .seconds(piece.position) / speech.sampleRate, to: end, [])
  }

  private mutating func write(_ event: StreamingTranscriber.Event) {
    var members: [(String, JSON)] = [
      ("utterance", .integer(event.utterance)), ("final", .boolean(event.isFinal)), ("speech", .number(event.speechProbability.toFourDigits)),
    ]
    if event.isRevised { members.append(("revised", .boolean(true))) }
    write(event.transcript, from: event.start, to: event.end, members, isFinal: event.isFinal)
  }

  private mutating func write(_ transcript: Transcript, from start: Duration, to end: Duration, _ more: [(String, JSON)], isFinal: Bool = true) {
    guard !transcript.text.isEmpty else { return }
    guard style.isJSON else {
      isRead = Terminal.canShow("\(isFinal ? "" : "… ")\(transcript.text)\n") && isRead
      return
    }
    var members: [(String, JSON)] = [("start", .number(start.inSeconds)), ("end", .number(end.inSeconds)), ("text", .string(transcript.text))]
    if let words = transcript.words { members.append(("words", .array(words.map(\.json)))) }
    isRead = Terminal.canShow("\(JSON.object(members + more).text)\n") && isRead
  }
}
