import CPUExecution
import Hearing
import Pipelines
import SoundCapture
import Supervision
import Transcription

/// What is said into a microphone, written down piece by piece.
struct LiveTranscript {
  private let speech: any SpeechRecogniser
  private let search: UtteranceSearch?
  private let microphone: Microphone
  private let isJSON: Bool
  private let sampleLimit: Int
  private let deadline: MonotonicInstant

  /// Begins to listen.
  /// - Parameters:
  ///   - seconds: of listening; nil for ever.
  ///   - search: finds the utterances; without one everything is transcribed.
  init(
    device: String, seconds: Double?, isJSON: Bool, by speech: any SpeechRecogniser, utterancesBy search: UtteranceSearch?
  ) throws(SoundCaptureError) {
    (self.speech, self.search) = (speech, search)
    self.isJSON = isJSON
    microphone = try Microphone(device: device, settings: MicrophoneSettings(sampleRate: speech.sampleRate))
    sampleLimit = seconds.map { Int(($0 * Double(speech.sampleRate)).rounded()) } ?? .max
    // By the clock it ends a second later: for what comes late, and for a device that gives nothing.
    deadline = seconds.map { MonotonicClock.now().advanced(by: .seconds($0 + 1)) } ?? MonotonicInstant(nanoseconds: .max)
  }

  /// Listens until the limit or the first request to stop; what was said by then is still written.
  func run() throws {
    try ProcessSignals.handle { [microphone] signal in if signal == .stop { microphone.stop() } }
    var cutter = LiveSegmentation(by: search, for: speech)
    var samples: [Float] = []
    var hasListened = false
    listening: while true {
      if MonotonicClock.now() >= deadline { microphone.stop() }
      switch microphone.next(into: &samples, timeout: .seconds(1)) {
      case .sound(let block):
        cutter.add(Array(samples.prefix(max(0, sampleLimit - block.position))), at: block.position)
        while let piece = cutter.nextPiece() { try write(piece) }
        if block.position + block.count >= sampleLimit { break listening }
      case .stateChanged(.capturing(let format)):
        Terminal.note("listening to \(microphone.device) (\(format))")
        hasListened = true
      case .stateChanged(.waiting(let reason)):
        guard hasListened else { throw CommandFailure(reason) }
        Terminal.note(reason)
      case .stateChanged: continue
      // A driver that doesn't let go must not keep what was said from being written.
      case .timedOut: if microphone.isStopping { break listening }
      case .ended: break listening
      }
    }
    microphone.stop()
    while let piece = cutter.nextPiece() { try write(piece) }
    while let piece = cutter.lastPiece() { try write(piece) }
    tellLosses()
  }

  private func write(_ piece: LiveSegmentation.Piece) throws {
    let transcript = try speech.transcript(of: piece.samples, from: .seconds(piece.position) / speech.sampleRate)
    guard !transcript.text.isEmpty else { return }
    guard isJSON else { return Terminal.show("\(transcript.text)\n") }
    var members: [(String, JSON)] = [
      ("start", .number(seconds(piece.position))), ("end", .number(seconds(piece.position + piece.samples.count))), ("text", .string(transcript.text)),
    ]
    if let words = transcript.words { members.append(("words", .array(words.map(\.json)))) }
    if let probability = piece.speechProbability { members.append(("speech", .number(probability.toFourDigits))) }
    Terminal.show("\(JSON.object(members).text)\n")
  }

  private func tellLosses() {
    let counters = microphone.counters
    if counters.lost > 0 {
      Terminal.note(
        "\(DemoTable.decimal(seconds(Int(counters.lost)), 2)) s of sound were lost: \(counters.overruns) overruns, \(counters.suspensions) suspensions, "
          + "\(counters.failures) failures of the device")
    }
    // What came after the limit isn't missed.
    if counters.dropped > 0, sampleLimit == .max {
      Terminal.note("\(DemoTable.decimal(seconds(Int(counters.dropped)), 2)) s of sound were dropped, as transcribing took longer than speaking")
    }
  }

  private func seconds(_ samples: Int) -> Double { Double(samples) / Double(speech.sampleRate) }
}
