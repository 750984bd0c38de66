public import Pipelines

/// Writes down what is said while it is being said: partial results that only grow, and a final one once an utterance is over.
///
/// A partial result runs the model over all that was heard of the utterance, so it costs more the longer that is; the next one waits until so
/// much sound has come that partial results take no more than their share of the time. A recogniser that hears bit by bit is given what is new of the
/// utterance instead: partial results have the words that it knows, whatever the pace, and a final one begins with them. Where an utterance is cut
/// for its length, its words are those that are known by then; the others are the next one's, which begins with the first of them. One sound and one thread at a time.
public struct StreamingTranscriber {
  /// How often partial results come.
  public struct Pace: Equatable, Sendable {
    /// The least sound between two.
    public var interval: Duration = .milliseconds(400)
    /// The most time that they may take, as a share of the sound's.
    public var share: Double = 0.25

    public init() {}
  }

  /// What is known of an utterance.
  public struct Event: Equatable, Sendable {
    /// Counts the utterances, from 0.
    public var utterance: Int
    public var isFinal: Bool
    /// Whether a final text doesn't begin with what was told before.
    public var isRevised: Bool
    /// Whether a final one was cut, where it had become too long or the sound went on unheard: somebody may have gone on speaking.
    public var goesOn: Bool
    /// Of a partial result the words that can be told, without tokens.
    public var transcript: Transcript
    /// Since the beginning of the sound; of a partial result the end of what was heard.
    public var start: Duration
    public var end: Duration
    /// The mean probability of speech; nil where nobody asked.
    public var speechProbability: Float?
    /// Sound that had come since `end` when the utterance's end was known.
    public var wait: Duration
    /// How long the model took.
    public var cost: Duration
  }

  /// What a recogniser is given at once that hears bit by bit.
  private static let leastSound = Duration.milliseconds(100)

  private let recogniser: any SpeechRecogniser
  /// Where the recogniser hears bit by bit.
  private var stream: UtteranceStream?
  private var cutter: UtteranceCutter
  private let pace: Pace?
  private let now: () -> MonotonicInstant
  private var agreement = WordAgreement()
  private var number = 0
  /// Of the sample that comes next.
  private var next = 0
  /// The sample from which another partial result may be made.
  private var due = 0
  /// Known, and not given yet: the model failed behind it.
  private var ready: [Event] = []

  /// - Parameters:
  ///   - cutter: of sound at the recogniser's rate; its utterances are no longer than the recogniser takes.
  ///   - pace: nil where only final results are wanted.
  public init(
    _ recogniser: any SpeechRecogniser, _ cutter: UtteranceCutter, pace: Pace? = nil, now: @escaping () -> MonotonicInstant = { MonotonicClock.now() }
  ) {
    (self.recogniser, self.cutter, self.pace, self.now) = (recogniser, cutter, pace, now)
    stream = (recogniser as? any StreamingSpeechRecogniser).map { UtteranceStream($0) }
  }

  /// Takes what comes next.
  /// - Parameter position: of the first of `samples`; more than what came by now is a gap, over which no utterance goes.
  /// - Throws: where the model fails on an utterance that is over; that one is lost, and the next call, be it of `end`, gives the others. What
  ///   it fails on while it is being said is no result yet.
  public mutating func add(_ samples: [Float], at position: Int) throws(TranscriptionError) -> [Event] {
    if position != next { cutter.end(next: position, isCut: true) }
    next = position + samples.count
    cutter.add(samples)
    var events = try finished()
    if let event = partial() { events.append(event) }
    return events
  }

  /// Ends the sound: what is being said is over. Another sound may begin.
  /// - Parameter isCut: whether the sound goes on unheard.
  /// - Throws: as `add` does; called again it gives what is left.
  public mutating func end(isCut: Bool = false) throws(TranscriptionError) -> [Event] {
    cutter.end(isCut: isCut)
    (next, due) = (0, 0)
    return try finished()
  }

  private mutating func finished() throws(TranscriptionError) -> [Event] {
    while let utterance = cutter.nextUtterance() { ready.append(try result(of: utterance)) }
    defer { ready = [] }
    return ready
  }

  private mutating func result(of utterance: Utterance) throws(TranscriptionError) -> Event {
    // One that fails is over all the same.
    var told = agreement
    agreement = WordAgreement()
    defer { number += 1 }
    let begin = now()
    let transcript = try transcript(of: utterance)
    let cost = begin.duration(to: now())
    let isRevised = told.finish(transcript.spokenWords)
    let end = utterance.start + utterance.samples.count
    return Event(
      utterance: number, isFinal: true, isRevised: isRevised, goesOn: utterance.ending.mayGoOn,
      transcript: transcript, start: start(of: utterance, transcript), end: max(time(end), transcript.words?.last?.end ?? .zero),
      speechProbability: utterance.probability, wait: time(max(0, utterance.known - end)), cost: cost)
  }

  private mutating func transcript(of utterance: Utterance) throws(TranscriptionError) -> Transcript {
    if stream != nil { return try stream!.finish(utterance) }
    return try recogniser.transcript(of: utterance.samples, from: time(utterance.start))
  }

  /// Hears what is new of the utterance that isn't over.
  private mutating func streamed() -> Event? {
    guard next >= due, let utterance = cutter.openUtterance else { return nil }
    due = next + samples(Self.leastSound)
    let start = now()
    // One that fails is heard again from its beginning; only where it fails once it is over, that is told.
    guard let words = try? stream?.hear(utterance), pace != nil else { return nil }
    let cost = start.duration(to: now())
    guard agreement.grow(to: words.map(\.text)) else { return nil }
    return partial(utterance, Transcript(words), cost)
  }

  private mutating func partial() -> Event? {
    if stream != nil { return streamed() }
    guard let pace, next >= due, let utterance = cutter.openUtterance else { return nil }
    let start = now()
    // One that fails is tried again no sooner.
    due = next + samples(pace.interval)
    guard var transcript = try? recogniser.transcript(of: utterance.samples, from: time(utterance.start)) else { return nil }
    let cost = start.duration(to: now())
    due = next + samples(max(pace.interval, cost / max(pace.share, 0.01)))
    guard agreement.take(transcript.spokenWords) else { return nil }
    transcript.keep(agreement.told)
    return partial(utterance, transcript, cost)
  }

  private func partial(_ utterance: Utterance, _ transcript: Transcript, _ cost: Duration) -> Event {
    Event(
      utterance: number, isFinal: false, isRevised: false, goesOn: true, transcript: transcript, start: start(of: utterance, transcript),
      end: time(utterance.start + utterance.samples.count), speechProbability: utterance.probability, wait: .zero, cost: cost)
  }

  /// Words that weren't known when an utterance was cut for its length are the next one's, which begins with them.
  private func start(of utterance: Utterance, _ transcript: Transcript) -> Duration {
    min(time(utterance.start), transcript.words?.first?.start ?? time(utterance.start))
  }

  private func time(_ samples: Int) -> Duration { .seconds(samples) / recogniser.sampleRate }

  private func samples(_ duration: Duration) -> Int { Int((duration / .seconds(1) * Double(recogniser.sampleRate)).rounded()) }
}

extension Transcript {
  /// What is told apart in a partial result.
  fileprivate var spokenWords: [String] { words?.map(\.text) ?? text.split(separator: " ").map(String.init) }

  /// Leaves the first words only.
  fileprivate mutating func keep(_ told: [String]) {
    text = told.joined(separator: " ")
    words = words.map { Array($0.prefix(told.count)) }
    tokens = nil
  }
}
