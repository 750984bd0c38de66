import Outbox
import Pipelines
import SoundCapture
import Supervision
import Transcription

/// The thread that listens to a microphone, and tells what is said.
///
/// Fetching the sound is a thread of the microphone's own, which waits for nobody; half a minute waits for this one. This one runs the models, in
/// sessions of one thread each, and gives way a little (`niceness`): beside vision that takes all processors it still has a quarter of
/// one, and speech needs less; and vision loses no more than that while somebody speaks. Models allocate for utterances and texts, so it isn't
/// held to the capture thread's rule; it takes no lock behind which anybody waits for a disk or a network.
final class SpeechWorker: @unchecked Sendable {
  typealias Opening = @Sendable (@escaping CaptureTurn) throws(EdgeAgentError) -> any SoundSource

  /// Results that may wait to be recorded.
  static let resultCount = 64
  /// The kernel gives a thread of this niceness a third of the time of one without, where both want a processor.
  static let niceness: Int32 = 5
  /// How long what was heard before a stop may keep it waiting.
  static let grace = Duration.seconds(5)
  /// So many times the length of the longest utterance the model may take for one, beyond what the watchdog gives every stage.
  static let patience = 3

  let name: String
  let description: SpeechDescription
  let statistics = SpeechStatistics()
  let sampleRate: Int
  private let listener: Listener
  private let open: Opening
  private let results: BoundedQueue<SpokenResult>
  private let progress: StageProgress
  /// The capture thread's: it goes round whatever the device does, and stands still only where a driver doesn't come back.
  private let capture: StageProgress
  private let ledger: ProgressLedger
  private let log: AgentLog
  private let grace: Duration
  private let onEnd: @Sendable (SpeechWorker) -> Void
  /// Told with each utterance, so that partial and final texts find each other.
  private let session = CurrentFactNumbering().epoch
  private let mutex = PthreadMutex()
  // Under the mutex.
  private var source: (any SoundSource)?
  private var stoppedAt: MonotonicInstant?
  private var isToldToPause = false
  private var thread: DataPlaneThread?
  // The thread's own.
  private var told = MicrophoneCounters()

  /// - Parameters:
  ///   - open: begins to listen; what it is given is for the capture thread.
  ///   - results: takes what is to be recorded.
  ///   - grace: how long what was heard before a stop may keep it waiting; what is left then is dropped.
  ///   - onEnd: called on its thread when nothing will come any more.
  init(
    _ listener: Listener, open: @escaping Opening, results: BoundedQueue<SpokenResult>,
    ledger: ProgressLedger, log: AgentLog, grace: Duration = SpeechWorker.grace, onEnd: @escaping @Sendable (SpeechWorker) -> Void
  ) {
    let settings = listener.settings
    name = settings.name
    description = SpeechDescription(
      name: settings.name, microphone: settings.microphone, modelName: listener.manifest.name, modelVersion: listener.manifest.version)
    sampleRate = listener.sampleRate
    (self.listener, self.open, self.results, self.ledger, self.log, self.onEnd) = (listener, open, results, ledger, log, onEnd)
    self.grace = grace
    // Half a minute of speech at once is slow work on a small device: late is no stuck.
    progress = ledger.stage("speech \(settings.name)", patience: listener.longestUtterance * Self.patience)
    capture = ledger.stage("microphone \(settings.microphone)")
  }

  /// - Throws: where there can't be a microphone on this machine at all; one that is away is waited for.
  func start() throws(EdgeAgentError) {
    let opened = try open { [capture] goesOn in if goesOn { capture.work() } else { capture.wait() } }
    let isLate = mutex.withLock { () -> Bool in
      source = opened
      return stoppedAt != nil
    }
    if isLate { opened.stop() }
    do throws(PipelinesError) { thread = try DataPlaneThread(name: "hear-\(name)", niceness: Self.niceness) { self.run(opened) } } catch {
      throw EdgeAgentError(.resources, error.message)
    }
  }

  /// Ends listening; what was heard by then is still told, as far as that doesn't take long.
  func stop() {
    mutex.withLock { () -> (any SoundSource)? in
      if stoppedAt == nil { stoppedAt = MonotonicClock.now() }
      return source
    }?.stop()
  }

  func join() { thread?.join() }

  /// Whether sound is passed over unheard. What was being said is told.
  var isPaused: Bool {
    get { mutex.withLock { isToldToPause } }
    set { mutex.withLock { isToldToPause = newValue } }
  }

  var state: MicrophoneState { mutex.withLock { source }?.state ?? .starting }
  var counters: MicrophoneCounters { mutex.withLock { source }?.counters ?? MicrophoneCounters() }

  private func run(_ source: any SoundSource) {
    var transcriber = listener.transcriber()
    var times = CaptureTimes(sampleRate: sampleRate)
    var samples: [Float] = []
    // Whether what was being said is over, as no sound came or it was to pause.
    var isAtRest = false
    listening: while true {
      // Waiting for sound, or for a microphone, is no work.
      progress.wait()
      let event = source.next(into: &samples, timeout: .seconds(1))
      progress.work()
      switch event {
      case .sound(let block):
        let length = Duration.seconds(block.count) / sampleRate
        times.note(block.position, count: block.count, at: block.heardAt)
        if isOverdue {
          statistics.note { $0.leftUnheard += length }
        } else if isPaused {
          if !isAtRest { end(&transcriber, times, isCut: true) }
          isAtRest = true
          statistics.note { $0.passedOver += length }
        } else {
          isAtRest = false
          let age = max(.zero, block.capturedAt.duration(to: MonotonicClock.now()) - length)
          tell(times, age: age) { () throws(TranscriptionError) in try transcriber.add(samples, at: block.position) }
        }
      case .stateChanged(let state): report(state)
      case .timedOut:
        // A driver that doesn't let go must not keep the agent from ending.
        if source.isStopping { break listening }
        // What is told when sound is back would come at any time.
        if !isAtRest, !isCapturing(source.state) {
          end(&transcriber, times, isCut: true)
          isAtRest = true
        }
      case .ended: break listening
      }
      tellLosses(source.counters)
    }
    end(&transcriber, times, isCut: isToldToStop)
    tellRest()
    source.stop()
    ledger.remove(progress)
    ledger.remove(capture)
    onEnd(self)
  }

  private var isToldToStop: Bool { mutex.withLock { stoppedAt != nil } }

  /// Whether what is left has kept a stop waiting for long enough.
  private var isOverdue: Bool { mutex.withLock { stoppedAt }.map { $0.duration(to: MonotonicClock.now()) >= grace } ?? false }

  private func isCapturing(_ state: MicrophoneState) -> Bool { if case .capturing = state { true } else { false } }

  /// - Parameter isCut: whether somebody may go on speaking.
  private func end(_ transcriber: inout LiveTranscriber, _ times: CaptureTimes, isCut: Bool) {
    // Each failure is of one utterance.
    while !tell(times, { () throws(TranscriptionError) in try transcriber.end(isCut: isCut) }) {}
  }

  /// - Parameter age: how long ago the newest sound came.
  /// - Returns: whether the model didn't fail.
  @discardableResult
  private func tell(_ times: CaptureTimes, age: Duration = .zero, _ hear: () throws(TranscriptionError) -> [LiveTranscriber.Event]) -> Bool {
    let events: [LiveTranscriber.Event]
    do throws(TranscriptionError) { events = try hear() } catch {
      statistics.note { $0.failures += 1 }
      log.log(.error, "pipeline \(name): what was said is lost: \(error.message)", subject: "speech \(name)")
      return false
    }
    for event in events { tell(event, times, age) }
    return true
  }

  private func tell(_ event: LiveTranscriber.Event, _ times: CaptureTimes, _ age: Duration) {
    if event.transcript.text.isEmpty {
      if event.isFinal { statistics.note { $0.withoutText += 1 } }
      // Only where partial texts wait to be replaced.
      guard event.isFinal, event.isRevised else { return }
    }
    let utterance = TranscriptMessage.Utterance(session: session, number: event.utterance)
    let clock = ClockStatus.current()
    let begin = times.time(of: event.start)
    let transcript = TranscriptMessage(event, utterance, description, from: begin, to: times.time(of: event.end), clock, age)
    var command: SpokenCommandMessage?
    var actions: [SpokenCommand.Action] = []
    // What is cut in the middle ends with no command.
    let mayCommand = event.isFinal && !event.transcript.isCut && (!event.goesOn || listener.takesPiecesForWords)
    if mayCommand, let match = SpokenCommandMatch(event.transcript, among: listener.settings.commands) {
      let (said, spoken) = (match.times ?? event.start..<max(event.start, event.end), listener.settings.commands[match.command])
      actions = spoken.actions
      command = SpokenCommandMessage(
        capturedAt: times.time(of: said.lowerBound), clock: clock, endedAt: times.time(of: said.upperBound), utterance: utterance,
        command: spoken.wordings[0], heard: match.heard, confidence: match.confidence,
        microphone: description.microphone)
    } else if mayCommand {
      tellDoubt(event.transcript)
    }
    let endedAt = MonotonicClock.now().advanced(by: .zero - (event.cost + event.wait + age))
    let isQueued = results.push(SpokenResult(pipeline: description, transcript: transcript, command: command, endedAt: endedAt, actions: actions))
    if !isQueued, let command {
      log.log(.warning, "pipeline \(name): the command \"\(command.command)\" is lost, as recording fell behind; say it again", subject: "lost command \(name)")
    }
    statistics.note {
      if !isQueued { $0.unrecorded += 1 }
      if !event.isFinal { $0.partialResults += 1 } else if !event.transcript.text.isEmpty { $0.utterances += 1 }
      if command != nil { $0.commands += 1 }
    }
  }

  /// Says of what would be a command, were it surer, how sure it is.
  private func tellDoubt(_ transcript: Transcript) {
    let commands = listener.settings.commands
    guard let doubtful = SpokenCommandMatch(transcript, among: commands.map(\.ifSure)), let confidence = doubtful.confidence else { return }
    let (heard, asked) = ((Double(confidence) * 100).rounded() / 100, commands[doubtful.command].leastConfidence)
    log.log(
      .notice, "pipeline \(name): \"\(doubtful.heard)\" is no command, as its confidence is \(heard) and \(asked) is asked for", subject: "doubtful \(name)")
  }

  private func report(_ state: MicrophoneState) {
    let microphone = description.microphone
    switch state {
    case .capturing(let format): log.change(.notice, of: "microphone \(microphone)", to: "microphone \(microphone): \(format)")
    case .waiting(let reason): log.change(.warning, of: "microphone \(microphone)", to: "microphone \(microphone): waiting: \(reason)")
    case .starting, .ended: break
    }
  }

  private func tellLosses(_ counters: MicrophoneCounters) {
    defer { told = counters }
    let microphone = description.microphone
    if counters.dropped > told.dropped {
      let text = "sound is dropped, as transcribing it takes longer than saying it: take a smaller model, or leave the processor more time"
      log.log(.warning, "pipeline \(name): \(text)", subject: "dropped \(name)")
    }
    if counters.lost > told.lost {
      let lost = seconds(counters.lost - told.lost)
      log.log(.warning, "microphone \(microphone): \(lost) s of sound were lost", subject: "lost \(microphone)")
    }
  }

  private func tellRest() {
    let rest = statistics.snapshot.leftUnheard
    guard rest > .zero else { return }
    log.event(.warning, "pipeline \(name): ends, and leaves \((rest / .seconds(1) * 100).rounded() / 100) s of sound unheard")
  }

  private func seconds(_ samples: UInt64) -> Double { (Double(samples) / Double(sampleRate) * 100).rounded() / 100 }
}

extension TranscriptMessage {
  /// What is told of a piece of sound.
  fileprivate init(
    _ event: LiveTranscriber.Event, _ utterance: Utterance, _ pipeline: SpeechDescription, from begin: WallTime, to end: WallTime, _ clock: ClockStatus,
    _ age: Duration
  ) {
    let words = event.transcript.words?.map { word in
      Word(text: word.text, start: max(.zero, word.start - event.start), end: max(.zero, word.end - event.start), confidence: word.confidence)
    }
    self.init(
      capturedAt: begin, clock: clock, endedAt: max(begin, end), utterance: utterance, isFinal: event.isFinal, isRevised: event.isRevised,
      isCut: event.transcript.isCut, text: event.transcript.text, words: words, confidence: words?.compactMap(\.confidence).min(),
      speechProbability: event.speechProbability,
      microphone: pipeline.microphone, model: pipeline.modelName, modelVersion: pipeline.modelVersion,
      latencies: [.init("waiting", event.wait + age), .init("transcription", event.cost)])
  }
}
