import Pipelines
import SoundCapture
import Supervision
import Transcription

/// What is said into a microphone, written down piece by piece.
struct LiveTranscript {
  private let speech: any SpeechRecogniser
  private let search: UtteranceSearch?
  private let style: LiveWriter.Style
  private let microphone: Microphone
  private let sampleLimit: Int
  private let deadline: MonotonicInstant

  /// Begins to listen.
  /// - Parameters:
  ///   - seconds: of listening; nil for ever.
  ///   - search: finds the utterances; without one everything is transcribed.
  init(
    device: String, seconds: Double?, by speech: any SpeechRecogniser, utterancesBy search: UtteranceSearch?, _ style: LiveWriter.Style
  ) throws(SoundCaptureError) {
    (self.speech, self.search, self.style) = (speech, search, style)
    microphone = try Microphone(device: device, settings: MicrophoneSettings(sampleRate: speech.sampleRate))
    sampleLimit = seconds.map { Int(($0 * Double(speech.sampleRate)).rounded()) } ?? .max
    // By the clock it ends a second later: for what comes late, and for a device that gives nothing.
    deadline = seconds.map { MonotonicClock.now().advanced(by: .seconds($0 + 1)) } ?? MonotonicInstant(nanoseconds: .max)
  }

  /// Listens until the limit or the first request to stop; what was said by then is still written.
  func run() throws {
    // SIGHUP, too: the terminal is gone.
    try ProcessSignals.handle { [microphone] _ in microphone.stop() }
    var writer = LiveWriter(speech, utterancesBy: search, style)
    var samples: [Float] = []
    var hasListened = false
    // Samples that came, and how many there had been by then with those that were lost or dropped.
    var (heard, position) = (0, 0)
    listening: while true {
      if MonotonicClock.now() >= deadline { microphone.stop() }
      switch microphone.next(into: &samples, timeout: .seconds(1)) {
      case .sound(let block):
        position = max(position, block.position + block.count)
        heard += block.count
        do { try writer.add(Array(samples.prefix(max(0, sampleLimit - block.position))), at: block.position) } catch {
          // What was known by then is written.
          try? writer.end()
          throw error
        }
        guard writer.isRead else { break listening }
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
    try writer.end()
    tellLosses(missed: position - heard)
  }

  /// - Parameter missed: samples that didn't come, before the last that did.
  private func tellLosses(missed: Int) {
    let counters = microphone.counters
    if counters.lost > 0 {
      Terminal.note(
        "\(DemoTable.decimal(seconds(Int(counters.lost)), 2)) s of sound were lost: \(counters.overruns) overruns, \(counters.suspensions) suspensions, "
          + "\(counters.failures) failures of the device")
    }
    // What was dropped after the last that was heard isn't missed.
    let dropped = missed - Int(counters.lost)
    if dropped > 0 {
      Terminal.note("\(DemoTable.decimal(seconds(dropped), 2)) s of sound were dropped, as transcribing took longer than speaking")
    }
  }

  private func seconds(_ samples: Int) -> Double { Double(samples) / Double(speech.sampleRate) }
}
