import ModelManifest

/// How a text is found among the scores of a CTC model's symbols.
public enum CTCSearch: Equatable, Sendable {
  /// The best symbol of each frame.
  case greedy
  /// The best text over all alignments, among so many at a time, expected words preferred.
  case beam(width: Int, hotWords: [HotWord] = [])
  /// The one of these phrases that an utterance ends with, or nothing.
  case phrases([SoughtPhrase])

  /// Half as likely, a symbol, as the best path of all: below it a phrase counts as not said, unless somebody says otherwise.
  public static let leastPhraseConfidence: Float = 0.5

  func beamDecoder(_ decoding: CTCDecoding, outputDimensions: [Int]) throws(TranscriptionError) -> CTCBeamDecoder? {
    guard case .beam(let width, let hotWords) = self else { return nil }
    return try CTCBeamDecoder(decoding, outputDimensions: outputDimensions, width: width, hotWords: hotWords)
  }

  func phraseDecoder(_ decoding: CTCDecoding, outputDimensions: [Int]) throws(TranscriptionError) -> CTCPhraseDecoder? {
    guard case .phrases(let phrases) = self else { return nil }
    return try CTCPhraseDecoder(decoding, outputDimensions: outputDimensions, phrases: phrases)
  }
}

/// A phrase that is listened for.
public struct SoughtPhrase: Equatable, Sendable {
  /// Words between single spaces, in the letters of the model's alphabet.
  public var text: String
  /// Below this confidence it wasn't said.
  public var leastConfidence: Float

  public init(_ text: String, leastConfidence: Float = CTCSearch.leastPhraseConfidence) {
    (self.text, self.leastConfidence) = (text, leastConfidence)
  }
}
