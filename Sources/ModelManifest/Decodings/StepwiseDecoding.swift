public import TextTokens

/// Text token by token (an encoder and a decoder with attention): the package's first program hears a piece of sound once; its second, the
/// step, is run for each token and gives scores for the next. What the first made is copied to the step's inputs once; what a step remembers of
/// its token (keys and values) becomes a row of its inputs, which keep their bytes from run to run.
public struct StepwiseDecoding: Codable, Equatable, Sendable {
  /// The input of the first program that takes the numbers 0, 1, 2… of the sound's frames; nil where it has none.
  public var framePositions: String?
  /// Outputs of the first program and the inputs of the step that take them.
  public var handedOn: [StateBinding]
  /// The step's input for the token, int64.
  public var token: String
  /// The step's input for how many tokens went before, int64. The step must not look at rows from there on.
  public var position: String
  /// The step's output of one score for each token of the vocabulary.
  public var scores: String
  /// Outputs of the step, `[heads, 1, size]`, and the inputs that collect them as rows, `[heads, capacity, size]`.
  public var rows: [StateBinding]
  /// Most tokens of a piece, the first one counted.
  public var capacity: Int
  public var startToken: Int
  public var endTokens: [Int]
  /// A piece of sound gives at most so many tokens a second, and `spareTokens` more: a model that has lost the thread would go on and on.
  public var tokensPerSecond: Float
  public var spareTokens: Int
  public var vocabulary: Vocabulary
  /// nil: every token may follow every other.
  public var rules: TokenRules?

  public init(
    framePositions: String?, handedOn: [StateBinding], token: String, position: String, scores: String, rows: [StateBinding], capacity: Int,
    startToken: Int, endTokens: [Int], tokensPerSecond: Float, spareTokens: Int, vocabulary: Vocabulary, rules: TokenRules? = nil
  ) {
    self.framePositions = framePositions
    self.handedOn = handedOn
    self.token = token
    self.position = position
    self.scores = scores
    self.rows = rows
    self.capacity = capacity
    self.startToken = startToken
    self.endTokens = endTokens
    self.tokensPerSecond = tokensPerSecond
    self.spareTokens = spareTokens
    self.vocabulary = vocabulary
    self.rules = rules
  }
}
