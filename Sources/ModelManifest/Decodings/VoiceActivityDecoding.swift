/// How likely the newest sound is speech: one value.
public struct VoiceActivityDecoding: Codable, Equatable, Sendable {
  public var output: String
  /// Whether the value is a logit that a sigmoid makes a probability of.
  public var appliesSigmoid: Bool

  public init(output: String, appliesSigmoid: Bool = false) {
    self.output = output
    self.appliesSigmoid = appliesSigmoid
  }
}
