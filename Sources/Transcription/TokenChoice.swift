import Glibc
import ModelManifest

/// Chooses tokens by their scores, under a model's rules.
struct TokenChoice {
  /// Of each step.
  let scoreCount: Int
  private let rules: TokenRules?
  private let isSuppressed: [Bool]
  private let isSuppressedFirst: [Bool]

  /// - Precondition: the rules' tokens are among so many.
  init(_ rules: TokenRules?, scoreCount: Int) {
    self.rules = rules
    self.scoreCount = scoreCount
    var suppressed = [Bool](repeating: false, count: scoreCount)
    for token in rules?.suppressed ?? [] { suppressed[token] = true }
    isSuppressed = suppressed
    for token in rules?.suppressedFirst ?? [] { suppressed[token] = true }
    isSuppressedFirst = suppressed
  }

  /// The likeliest token that may follow; of equals the first.
  func likeliest(_ scores: UnsafeBufferPointer<Float>, isFirst: Bool) -> Int {
    let suppressed = isFirst ? isSuppressedFirst : isSuppressed
    var best = -1
    for index in suppressed.indices where !suppressed[index] {
      if unsafe best < 0 || scores[index] > scores[best] { best = index }
    }
    return max(best, 0)
  }

  /// Whether the scores behind the start token make silence likely; what is written decides then.
  func mayBeSilence(_ scores: UnsafeBufferPointer<Float>) -> Bool {
    guard let silence = rules?.silence else { return false }
    return unsafe exp(logProbability(of: silence.token, scores) { _ in true }) > silence.probability
  }

  /// The natural logarithm of a chosen token's probability among those that may follow.
  func logProbability(of token: Int, _ scores: UnsafeBufferPointer<Float>, isFirst: Bool) -> Float {
    let suppressed = isFirst ? isSuppressedFirst : isSuppressed
    return unsafe logProbability(of: token, scores) { !suppressed[$0] }
  }

  /// Whether what was written with so little confidence was none.
  func isSilence(logProbabilities: [Float]) -> Bool {
    guard let silence = rules?.silence, !logProbabilities.isEmpty else { return false }
    return logProbabilities.reduce(0, +) / Float(logProbabilities.count) < silence.logProbability
  }

  private func logProbability(of token: Int, _ scores: UnsafeBufferPointer<Float>, _ counts: (Int) -> Bool) -> Float {
    var greatest = -Float.infinity
    for index in isSuppressed.indices where counts(index) { greatest = unsafe max(greatest, scores[index]) }
    var sum: Float = 0
    for index in isSuppressed.indices where counts(index) { sum += unsafe exp(scores[index] - greatest) }
    return unsafe scores[token] - greatest - log(sum)
  }
}
