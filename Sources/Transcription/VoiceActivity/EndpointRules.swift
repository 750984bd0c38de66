/// When an utterance begins and when it is over.
public struct EndpointRules: Equatable, Sendable {
  /// The probability of speech from which an utterance begins.
  public var startProbability: Float = 0.5
  /// Below it is silence; between the two, what goes on goes on.
  public var endProbability: Float = 0.35
  /// Speech that is shorter is none.
  public var leastSpeech: Duration = .milliseconds(96)
  /// The silence after which an utterance is over.
  public var silence: Duration = .milliseconds(600)
  /// Sound that is kept before the first speech and after the last; after it no more than the silence.
  public var padding: Duration = .milliseconds(300)
  /// The longest utterance, padding included: where one goes on longer, it is cut at the least likely speech of its second half.
  public var longest: Duration = .seconds(20)

  public init() {}

  /// Whether a detector's chunks can follow them: the longest utterance holds the padding at both ends and the least speech twice.
  public func fit(_ detector: any VoiceActivityDetector) -> Bool { ChunkRules(self, detector).areConsistent }
}

/// The rules in chunks of a detector.
struct ChunkRules {
  let leastSpeech, silence, padding, longest: Int

  init(_ rules: EndpointRules, _ detector: any VoiceActivityDetector) {
    let chunk = Duration.seconds(detector.chunkLength) / detector.sampleRate
    func chunks(_ duration: Duration) -> Int { max(1, Int((duration / chunk).rounded())) }
    leastSpeech = chunks(rules.leastSpeech)
    silence = chunks(rules.silence)
    padding = rules.padding > .zero ? chunks(rules.padding) : 0
    longest = max(1, Int((rules.longest / chunk).rounded(.down)))
  }

  var areConsistent: Bool { longest >= 2 * (padding + leastSpeech) }
}
