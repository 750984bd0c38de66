public import ModelManifest
import Glibc

/// The most probable text of an utterance, over all alignments that say it: prefix beam search (Hannun, Maas, Jurafsky and Ng, "First-Pass
/// Large Vocabulary Continuous Speech Recognition using Bi-Directional Recurrent DNNs", 2014, without a language model), with a bonus for words
/// that are expected.
///
/// A text's score is its log probability and the bonus of each expected word in it. While the search goes on, the beginning of an expected word
/// has the share of the bonus that its letters are of the word's. With a beam that holds every text the result is exact. Equal scores take the
/// text that was found first, so the result is the same everywhere.
public struct CTCBeamDecoder: Sendable {
  public let alphabet: [String]
  /// Values a frame: the alphabet's symbols and the blank.
  public let symbolsPerFrame: Int
  /// Texts that are kept from frame to frame.
  public let width: Int
  private let blank: Int
  private let hotWords: HotWords

  /// A text on its way, told apart by where it came from and its last symbol.
  private struct Prefix {
    /// In `nodes`; −1 for the empty text.
    var parent: Int
    /// Index into the model's symbols; −1 for the empty text.
    var symbol: Int
    /// Log probabilities of the alignments that end in the blank, and in the last symbol.
    var withBlank = -Double.infinity
    var withSymbol = -Double.infinity
    var progress = HotWords.Progress()

    var probability: Double { logSum(withBlank, withSymbol) }
  }

  /// - Parameters:
  ///   - outputDimensions: of the output, `[1, frames, symbols]`.
  ///   - width: 1 or more.
  /// - Throws: where alphabet, blank and output don't fit each other, or the alphabet can't write an expected word.
  public init(_ decoding: CTCDecoding, outputDimensions: [Int], width: Int, hotWords: [HotWord] = []) throws(TranscriptionError) {
    precondition(width > 0)
    // One set of rules for what an output must be.
    symbolsPerFrame = try CTCGreedyDecoder(decoding, outputDimensions: outputDimensions, capacity: 0).symbolsPerFrame
    let letters = Set(decoding.alphabet.joined())
    for word in hotWords {
      guard !word.text.isEmpty, !word.text.contains(" "), word.bonus.isFinite, word.bonus >= 0 else {
        throw TranscriptionError(.unsuitableHotWord, "hot word '\(word.text)': give one word, and a bonus of 0 or more")
      }
      if let letter = word.text.first(where: { !letters.contains($0) }) {
        throw TranscriptionError(
          .unsuitableHotWord, "hot word '\(word.text)': the model can't write '\(letter)'; its alphabet is '\(decoding.alphabet.joined())'")
      }
    }
    alphabet = decoding.alphabet
    blank = decoding.blank
    self.width = width
    self.hotWords = HotWords(hotWords)
  }

  /// The best text of an utterance, each symbol in the frame in which it begins on the most probable alignment.
  /// - Parameter scores: whole frames, each log probabilities up to a constant; a frame without numbers is a blank.
  public func decode(_ scores: [Float]) -> [CTCSymbol] {
    precondition(scores.count % symbolsPerFrame == 0)
    let frames = CTCFrames.logProbabilities(scores, symbolsPerFrame: symbolsPerFrame, blank: blank)
    var nodes: [(parent: Int, symbol: Int)] = []
    var places: [Int: Int] = [:]
    var beam = [Prefix(parent: -1, symbol: -1, withBlank: 0)]
    for frame in frames {
      // Whatever survived has a node, so that longer texts can name it.
      let named = beam.map { prefix in
        guard prefix.symbol >= 0 else { return -1 }
        let key = key(prefix.parent, prefix.symbol)
        if let place = places[key] { return place }
        nodes.append((prefix.parent, prefix.symbol))
        places[key] = nodes.count - 1
        return nodes.count - 1
      }
      beam = advanced(beam, named, by: frame)
    }
    let best = beam.indices.max { (value(beam[$0]), -$0) < (value(beam[$1]), -$1) }
    var symbols: [Int] = []
    var (parent, symbol) = best.map { (beam[$0].parent, beam[$0].symbol) } ?? (-1, -1)
    while symbol >= 0 {
      symbols.append(symbol)
      (parent, symbol) = parent >= 0 ? nodes[parent] : (-1, -1)
    }
    let aligned = CTCAlignment.beginnings(of: symbols.reversed(), in: frames, blank: blank)
    return zip(symbols.reversed(), aligned).map { CTCSymbol(index: $0 > blank ? $0 - 1 : $0, frame: $1) }
  }

  private func value(_ prefix: Prefix) -> Double { prefix.probability + hotWords.finished(prefix.progress) }

  private func key(_ parent: Int, _ symbol: Int) -> Int { (parent + 1) * (symbolsPerFrame + 1) + symbol + 1 }

  /// The best texts after one frame more.
  private func advanced(_ beam: [Prefix], _ named: [Int], by frame: [Double]) -> [Prefix] {
    var next: [Prefix] = []
    var places: [Int: Int] = [:]
    func place(_ parent: Int, _ symbol: Int, _ progress: @autoclosure () -> HotWords.Progress) -> Int {
      let key = key(parent, symbol)
      if let place = places[key] { return place }
      next.append(Prefix(parent: parent, symbol: symbol, progress: progress()))
      places[key] = next.count - 1
      return next.count - 1
    }
    for (prefix, name) in zip(beam, named) {
      let own = place(prefix.parent, prefix.symbol, prefix.progress)
      next[own].withBlank = logSum(next[own].withBlank, prefix.probability + frame[blank])
      if prefix.symbol >= 0 { next[own].withSymbol = logSum(next[own].withSymbol, prefix.withSymbol + frame[prefix.symbol]) }
      for symbol in 0..<symbolsPerFrame where symbol != blank && frame[symbol] > -.infinity {
        // The same symbol again is a new one only behind a blank.
        let before = symbol == prefix.symbol ? prefix.withBlank : prefix.probability
        guard before > -.infinity else { continue }
        let longer = place(name, symbol, hotWords.adding(alphabet[symbol > blank ? symbol - 1 : symbol], to: prefix.progress))
        next[longer].withSymbol = logSum(next[longer].withSymbol, before + frame[symbol])
      }
    }
    let values = next.map { $0.probability + hotWords.unfinished($0.progress) }
    let best = values.indices.sorted { values[$0] == values[$1] ? $0 < $1 : values[$0] > values[$1] }
    return best.prefix(width).map { next[$0] }
  }
}

/// log(eᵃ + eᵇ)
func logSum(_ a: Double, _ b: Double) -> Double {
  let (less, greater) = (min(a, b), max(a, b))
  return less == -.infinity ? greater : greater + log1p(exp(less - greater))
}
