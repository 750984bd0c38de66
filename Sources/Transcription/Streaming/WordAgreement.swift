/// Which words of an utterance that is still being said can be told already: those on which two results in a row agree, from the first on
/// (local agreement; Liu, Spanakis and Niehues 2020). What was told only grows; the final text may contradict it, and says so.
public struct WordAgreement: Equatable, Sendable {
  /// What was told by now.
  public private(set) var told: [String] = []
  private var previous: [String]?

  public init() {}

  /// Takes another result of the same utterance, which has heard more of it.
  /// - Returns: whether more can be told than before.
  public mutating func take(_ words: [String]) -> Bool {
    defer { previous = words }
    guard let previous else { return false }
    let agreed = zip(previous, words).prefix { $0 == $1 }.count
    // Where it contradicts what was told, nothing more is told until the end.
    guard agreed > told.count, words.starts(with: told) else { return false }
    told = Array(words[..<agreed])
    return true
  }

  /// Takes words that won't change.
  /// - Returns: whether there are more than were told before.
  public mutating func grow(to words: [String]) -> Bool {
    guard words.count > told.count else { return false }
    told = words
    return true
  }

  /// Ends the utterance with its final words; the next result is another one's.
  /// - Returns: whether something that was told turned out wrong.
  public mutating func finish(_ words: [String]) -> Bool {
    defer { self = WordAgreement() }
    return !words.starts(with: told)
  }
}
