/// What a stepwise model may write, where its vocabulary says more than text: tasks, languages, times.
public struct TokenRules: Codable, Equatable, Sendable {
  /// The tokens behind the start token that every text begins with; they say what is asked for.
  public var prompt: [Int]
  /// Tokens that are never chosen.
  public var suppressed: [Int]
  /// Tokens that aren't chosen as the first one behind the prompt.
  public var suppressedFirst: [Int]
  /// nil: whatever is written counts as said.
  public var silence: SilenceRule?

  public init(prompt: [Int], suppressed: [Int], suppressedFirst: [Int], silence: SilenceRule? = nil) {
    self.prompt = prompt
    self.suppressed = suppressed
    self.suppressedFirst = suppressedFirst
    self.silence = silence
  }
}

/// When nothing was said, whatever was written: the model thinks so, and isn't sure of what it wrote.
public struct SilenceRule: Codable, Equatable, Sendable {
  /// Its probability behind the start token is that of silence.
  public var token: Int
  /// Of silence; a higher one …
  public var probability: Float
  /// … and a lower mean of the natural logarithms of the probabilities of the tokens that were chosen make it silence.
  public var logProbability: Float

  public init(token: Int, probability: Float, logProbability: Float) {
    self.token = token
    self.probability = probability
    self.logProbability = logProbability
  }
}
