/// A stretch of sound in which somebody speaks, with some silence around it.
public struct Utterance: Equatable, Sendable {
  public enum Ending: String, Equatable, Sendable {
    case silence
    /// It went on for longer than an utterance may, and goes on in the next one.
    case length
    /// It was as long as one may be, and nobody spoke just then.
    case limit
    /// The sound was over.
    case end
    /// What came next wasn't heard.
    case gap

    /// Whether somebody may have gone on speaking.
    public var mayGoOn: Bool {
      switch self {
      case .length, .limit, .gap: true
      case .silence, .end: false
      }
    }
  }

  /// Mono, at the detector's rate.
  public var samples: [Float]
  /// Samples of the sound before it.
  public var start: Int
  /// The mean probability of speech from the first chunk of speech to the last.
  public var probability: Float
  public var ending: Ending
  /// Samples that had come when its end was known: what a person waits after the last word.
  public var known: Int

  public init(samples: [Float], start: Int, probability: Float, ending: Ending, known: Int) {
    self.samples = samples
    self.start = start
    self.probability = probability
    self.ending = ending
    self.known = known
  }
}
