import Glibc

/// How sure a model is of the symbols of a text.
enum CTCConfidence {
  /// The probability of each symbol in the frame in which it began, by a softmax over that frame's scores.
  /// - Parameters:
  ///   - scores: `[frames, symbolsPerFrame]`, log probabilities or any scores that a softmax makes probabilities of.
  ///   - blank: the blank's index among a frame's symbols.
  static func probabilities(of symbols: [CTCSymbol], in scores: [Float], symbolsPerFrame: Int, blank: Int) -> [Float] {
    symbols.map { symbol in
      let frame = scores[symbol.frame * symbolsPerFrame..<(symbol.frame + 1) * symbolsPerFrame]
      let greatest = frame.max() ?? 0
      let sum = frame.reduce(0.0) { $0 + exp(Double($1 - greatest)) }
      let score = frame[frame.startIndex + symbol.index + (symbol.index >= blank ? 1 : 0)]
      let probability = exp(Double(score - greatest)) / sum
      return probability.isFinite ? Float(probability) : 0
    }
  }
}
