public import ModelManifest

/// The text of the best path through a model's symbols: of each frame the best symbol, repetitions merged, blanks dropped (Graves
/// et al. 2006). Frames may come in pieces: a symbol that goes on over the edge is one symbol.
///
/// Everything is checked when it is made; decoding neither throws nor, within `capacity`, allocates.
public struct CTCGreedyDecoder: Sendable {
  public let alphabet: [String]
  /// Values a frame: the alphabet's symbols and the blank.
  public let symbolsPerFrame: Int
  /// What was decoded since `reset` and `takeSymbols`.
  public private(set) var symbols: [CTCSymbol] = []
  private let blank: Int
  private var previous: Int
  private var frame = 0

  /// - Parameters:
  ///   - outputDimensions: of the output, `[1, frames, symbols]`.
  ///   - capacity: symbols for which memory is taken at once.
  /// - Throws: where the alphabet and the blank aren't what the output has.
  public init(_ decoding: CTCDecoding, outputDimensions: [Int], capacity: Int = 1024) throws(TranscriptionError) {
    guard outputDimensions.count == 3, outputDimensions[0] == 1, outputDimensions.allSatisfy({ $0 > 0 }) else {
      throw TranscriptionError(.unsuitableOutput, "output \(decoding.output) is \(outputDimensions), but CTC needs [1, frames, symbols]")
    }
    guard outputDimensions[2] == decoding.alphabet.count + 1 else {
      throw TranscriptionError(
        .unsuitableOutput,
        "output \(decoding.output) has \(outputDimensions[2]) symbols, but the alphabet's \(decoding.alphabet.count) and the blank are "
          + "\(decoding.alphabet.count + 1): correct the recipe's alphabet")
    }
    guard decoding.blank >= 0, decoding.blank <= decoding.alphabet.count else {
      throw TranscriptionError(.invalidDecoding, "the blank's index \(decoding.blank) is not among the \(outputDimensions[2]) symbols")
    }
    alphabet = decoding.alphabet
    symbolsPerFrame = outputDimensions[2]
    blank = decoding.blank
    previous = decoding.blank
    symbols.reserveCapacity(capacity)
  }

  /// Forgets what was heard.
  public mutating func reset() {
    symbols.removeAll(keepingCapacity: true)
    previous = blank
    frame = 0
  }

  /// Gives up the symbols that were decoded; those that follow count their frames on.
  public mutating func takeSymbols() -> [CTCSymbol] {
    defer { symbols.removeAll(keepingCapacity: true) }
    return symbols
  }

  /// Goes on with whole frames of scores, frame by frame. The best of a frame is its first greatest number; a frame without one
  /// (nothing but NaN) is a blank.
  /// - Precondition: `scores` holds whole frames.
  public mutating func add(_ scores: UnsafeBufferPointer<Float>) {
    precondition(scores.count % symbolsPerFrame == 0)
    var at = 0
    while at < scores.count {
      var best = blank
      var value = -Float.infinity
      for symbol in 0..<symbolsPerFrame where unsafe scores[at + symbol] > value {
        value = unsafe scores[at + symbol]
        best = symbol
      }
      if best != blank, best != previous { symbols.append(CTCSymbol(index: best > blank ? best - 1 : best, frame: frame)) }
      previous = best
      frame += 1
      at += symbolsPerFrame
    }
  }

  /// The text of all symbols.
  public var text: String { symbols.reduce(into: "") { $0 += alphabet[$1.index] } }
}
