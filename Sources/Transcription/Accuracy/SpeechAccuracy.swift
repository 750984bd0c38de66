/// How well a model wrote down what was said in a number of clips.
public struct SpeechAccuracy: Sendable {
  /// Of each clip.
  public private(set) var words: [EditCounts] = []
  /// Of each clip; the spaces between words count as characters.
  public private(set) var characters: [EditCounts] = []

  public init() {}

  /// Adds a clip; both texts are normalised (`SpeechNormalisation`).
  public mutating func add(said: String, heard: String) {
    let (said, heard) = (SpeechNormalisation.words(said), SpeechNormalisation.words(heard))
    words.append(.between(said: said, heard: heard))
    characters.append(.between(said: Array(said.joined(separator: " ")), heard: Array(heard.joined(separator: " "))))
  }

  public var allWords: EditCounts { words.reduce(into: EditCounts()) { $0 += $1 } }
  public var allCharacters: EditCounts { characters.reduce(into: EditCounts()) { $0 += $1 } }

  /// Changed words for each word that was said, over all clips; 0 where nothing was said and nothing heard, above 1 where much is invented.
  public var wordErrorRate: Double { Self.rate(allWords) }
  public var characterErrorRate: Double { Self.rate(allCharacters) }

  private static func rate(_ counts: EditCounts) -> Double { Double(counts.edits) / Double(max(1, counts.length)) }

  /// The word error rate as a function of how often each clip counts.
  public func resampledWordErrorRate() -> ([Int]) -> Double {
    let counts = words.map { (edits: $0.edits, length: $0.length) }
    return { weights in
      var (edits, length) = (0, 0)
      for (weight, clip) in zip(weights, counts) {
        edits += weight * clip.edits
        length += weight * clip.length
      }
      return Double(edits) / Double(max(1, length))
    }
  }
}
