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
}
