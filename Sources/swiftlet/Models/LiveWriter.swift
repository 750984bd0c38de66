import Transcription

/// Writes lines of what is said in sound that goes on: utterance by utterance, or everything in pieces between quiet places.
struct LiveWriter {
  /// How lines are written.
  struct Style {
    var isJSON = false
    /// Whether what is known of an utterance is written while it is being said.
    var showsPartialResults = false
  }

  private let style: Style
  private var transcriber: LiveTranscriber
  private let hasUtterances: Bool
  /// Whether every line went out.
  private(set) var isRead = true

  /// - Parameter search: finds the utterances; without one everything is transcribed.
  init(_ speech: any SpeechRecogniser, utterancesBy search: UtteranceSearch?, _ style: Style) {
    self.style = style
    hasUtterances = search != nil
    transcriber = LiveTranscriber(speech, utterancesBy: search, pace: style.showsPartialResults ? StreamingTranscriber.Pace() : nil)
  }

  /// Takes what comes next, and writes what is known by it.
  /// - Parameter position: of the first of `samples`; more than what came by now is a gap.
  mutating func add(_ samples: [Float], at position: Int) throws {
    for event in try transcriber.add(samples, at: position) { write(event) }
  }

  /// Writes what is left.
  mutating func end() throws {
    for event in try transcriber.end() { write(event) }
  }

  private mutating func write(_ event: LiveTranscriber.Event) {
    guard !event.transcript.text.isEmpty else { return }
    guard style.isJSON else {
      isRead = Terminal.canShow("\(event.isFinal ? "" : "… ")\(event.transcript.text)\n") && isRead
      return
    }
    var members: [(String, JSON)] = [
      ("start", .number(event.start.inSeconds)), ("end", .number(event.end.inSeconds)), ("text", .string(event.transcript.text)),
    ]
    if let words = event.transcript.words { members.append(("words", .array(words.map(\.json)))) }
    if hasUtterances {
      members += [
        ("utterance", .integer(event.utterance)), ("final", .boolean(event.isFinal)), ("speech", .number((event.speechProbability ?? 0).toFourDigits)),
      ]
    }
    if event.transcript.isCut { members.append(("cut", .boolean(true))) }
    if event.isRevised { members.append(("revised", .boolean(true))) }
    isRead = Terminal.canShow("\(JSON.object(members).text)\n") && isRead
  }
}
