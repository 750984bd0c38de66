/// Cuts a sound that comes bit by bit into utterances: what a detector holds for speech, by the rules of endpoints.
///
/// Utterances come in the order of their time and never overlap; memory holds one of the longest at most and what was added last.
public struct UtteranceCutter {
  public let rules: EndpointRules
  private let detector: any VoiceActivityDetector
  /// In chunks, at least one each.
  private let leastSpeech, silence, padding, longest: Int

  /// Whole chunks that are kept, and what of a chunk has come behind them.
  private var samples: [Float] = []
  /// Of the chunks in `samples`.
  private var probabilities: [Float] = []
  /// Samples before `samples`.
  private var position = 0
  /// In chunks of `samples`: where speech began, and one after its last; nil while nobody speaks.
  private var speech: Range<Int>?
  /// Chunks of speech since it began.
  private var spoken = 0
  private var finished: [Utterance] = []

  /// - Precondition: the rules fit the detector.
  public init(_ detector: any VoiceActivityDetector, rules: EndpointRules = EndpointRules()) {
    let chunks = ChunkRules(rules, detector)
    precondition(chunks.areConsistent)
    (leastSpeech, silence, padding, longest) = (chunks.leastSpeech, chunks.silence, chunks.padding, chunks.longest)
    self.rules = rules
    self.detector = detector
    detector.reset()
  }

  /// Whether somebody has begun to speak and isn't done.
  public var isOpen: Bool { speech != nil && spoken >= leastSpeech }

  /// What has been heard of the utterance that isn't over, up to its padding: all of this is part of it once it is over. Nil where there is none.
  public var openUtterance: Utterance? {
    guard isOpen, let speech else { return nil }
    return utterance(speech, from: max(0, speech.lowerBound - padding), to: paddedEnd(speech), .end)
  }

  /// Takes what comes next.
  public mutating func add(_ next: [Float]) {
    samples += next
    let length = detector.chunkLength
    while samples.count >= (probabilities.count + 1) * length {
      let start = probabilities.count * length
      hear(detector.probability(of: samples[start..<start + length]))
    }
  }

  /// The next utterance that is over; nil until more is added.
  public mutating func nextUtterance() -> Utterance? { finished.isEmpty ? nil : finished.removeFirst() }

  /// Ends the sound: the utterance that isn't over comes next, and what is added from now on is another sound's.
  /// - Parameters:
  ///   - next: how many samples come before that one, of which nothing is known.
  ///   - isCut: whether the sound went on unheard.
  public mutating func end(next: Int = 0, isCut: Bool = false) {
    // What is left of a chunk counts as silence: too short to tell.
    if isOpen, let speech {
      var last = utterance(speech, from: max(0, speech.lowerBound - padding), to: paddedEnd(speech), isCut ? .gap : .end)
      if probabilities.count - speech.upperBound < padding { last.samples += samples[(probabilities.count * detector.chunkLength)...] }
      finished.append(last)
    }
    (speech, spoken, position) = (nil, 0, next)
    samples.removeAll(keepingCapacity: true)
    probabilities.removeAll(keepingCapacity: true)
    detector.reset()
  }

  private mutating func hear(_ probability: Float) {
    let index = probabilities.count
    probabilities.append(probability)
    guard let range = speech else {
      if probability >= rules.startProbability {
        (speech, spoken) = (index..<index + 1, 1)
      } else {
        forget(max(0, probabilities.count - padding))
      }
      return
    }
    if probability >= rules.endProbability {
      speech = range.lowerBound..<index + 1
      spoken += 1
    } else if index + 1 - range.upperBound >= silence {
      finish(range, .silence)
      return
    }
    if probabilities.count - max(0, range.lowerBound - padding) >= longest { cut() }
  }

  /// Silence has lasted: an utterance, or a click that was none.
  private mutating func finish(_ range: Range<Int>, _ ending: Utterance.Ending) {
    let end = paddedEnd(range)
    if spoken >= leastSpeech { finished.append(utterance(range, from: max(0, range.lowerBound - padding), to: end, ending)) }
    speech = nil
    spoken = 0
    // What an utterance holds is no later one's padding.
    forget(max(end, probabilities.count - padding))
  }

  /// Ends a long utterance before the chunk of its second half in which speech is least likely, the first of equals; the rest goes on.
  private mutating func cut() {
    guard let range = speech else { return }
    let first = max(0, range.lowerBound - padding)
    let candidates = first + longest / 2..<probabilities.count
    let place = candidates.min { probabilities[$0] < probabilities[$1] } ?? probabilities.count
    guard place < range.upperBound else { return finish(range, .limit) }
    if spoken >= leastSpeech { finished.append(utterance(range, from: first, to: place, .length)) }
    forget(place)
    // However little has been said since, it is the end of what was.
    speech = 0..<range.upperBound - place
    spoken = leastSpeech
  }

  /// Where an utterance is over that ends with this speech.
  private func paddedEnd(_ speech: Range<Int>) -> Int { min(probabilities.count, speech.upperBound + padding) }

  private func utterance(_ speech: Range<Int>, from start: Int, to end: Int, _ ending: Utterance.Ending) -> Utterance {
    let length = detector.chunkLength
    let heard = probabilities[speech.clamped(to: start..<end)]
    return Utterance(
      samples: Array(samples[start * length..<end * length]), start: position + start * length,
      probability: heard.reduce(0, +) / Float(max(1, heard.count)), ending: ending, known: position + probabilities.count * length)
  }

  private mutating func forget(_ chunks: Int) {
    guard chunks > 0 else { return }
    samples.removeSubrange(..<(chunks * detector.chunkLength))
    probabilities.removeSubrange(..<chunks)
    position += chunks * detector.chunkLength
  }
}
