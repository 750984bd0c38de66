import ModelManifest

/// How a text is found among the scores of a CTC model's symbols.
public enum CTCSearch: Equatable, Sendable {
  /// The best symbol of each frame.
  case greedy
  /// The best text over all alignments, among so many at a time, expected words preferred.
  case beam(width: Int, hotWords: [HotWord] = [])

  func beamDecoder(_ decoding: CTCDecoding, outputDimensions: [Int]) throws(TranscriptionError) -> CTCBeamDecoder? {
    guard case .beam(let width, let hotWords) = self else { return nil }
    return try CTCBeamDecoder(decoding, outputDimensions: outputDimensions, width: width, hotWords: hotWords)
  }
}
