public import ModelManifest
import Glibc

/// Which of some phrases an utterance ends with, if any: the best alignment of each, held against the best of all paths.
///
/// The phrases are a tree of their symbols (`PhraseTree`). A path through it begins with the utterance, or behind a space that follows anything at
/// all (a filler that costs nothing, whatever is said there), spells a phrase, and goes on in blanks and spaces to the end. A path costs, in each
/// frame, how much less likely its symbol is than the frame's best; so what the unconstrained greedy path spells, too, costs nothing, and noise, in
/// which the letters of a phrase are far from the best, costs much. The search is Viterbi's.
///
/// A word's confidence is e to the power of minus that cost a symbol: 1 where the greedy path spells it; but no more than the geometric mean of its
/// symbols' probabilities, as in sound of which the model knows nothing all symbols are as good as the best. A phrase's is that of its worst
/// word, or of the whole path where that costs more. It orders phrases and tells them from other sound; it is no probability that the phrase was
/// said.
public struct CTCPhraseDecoder: Sendable {
  public struct Word: Equatable, Sendable {
    public var text: String
    /// From the frame in which its first symbol begins to that in which its last one does.
    public var frames: ClosedRange<Int>
    public var confidence: Float
  }

  /// A phrase that was heard.
  public struct Match: Equatable, Sendable {
    /// Index into the phrases.
    public var phrase: Int
    public var confidence: Float
    public var words: [Word]
  }

  /// Most phrases, and most letters of one.
  public static let (greatestCount, greatestLength) = (1000, 200)

  public let phrases: [SoughtPhrase]
  public let symbolsPerFrame: Int
  private let blank: Int
  private let space: Int?
  private let tree: PhraseTree
  /// Each phrase's words, as symbols.
  private let spelling: [[[Int]]]
  /// Of each phrase those that end with its words and have more of them.
  private let extensions: [[Int]]

  /// - Parameter outputDimensions: of the output, `[1, frames, symbols]`.
  /// - Throws: where alphabet, blank and output don't fit each other, or a phrase can't be written, naming it.
  public init(
    _ decoding: CTCDecoding, outputDimensions: [Int], phrases: [SoughtPhrase]
  ) throws(TranscriptionError) {
    // One set of rules for what an output must be.
    symbolsPerFrame = try CTCGreedyDecoder(decoding, outputDimensions: outputDimensions, capacity: 0).symbolsPerFrame
    let blank = decoding.blank
    var symbols: [String: Int] = [:]
    for (index, letter) in decoding.alphabet.enumerated() where symbols[letter] == nil { symbols[letter] = index >= blank ? index + 1 : index }
    guard 1...Self.greatestCount ~= phrases.count else {
      throw TranscriptionError(.unsuitablePhrase, "\(phrases.count) phrases: 1 to \(Self.greatestCount) can be listened for")
    }
    var spelling: [[[Int]]] = []
    for phrase in phrases.map(\.text) {
      guard 1...Self.greatestLength ~= phrase.count else {
        throw TranscriptionError(.unsuitablePhrase, "phrase '\(phrase.prefix(40))': has \(phrase.count) letters; 1 to \(Self.greatestLength) are allowed")
      }
      var words: [[Int]] = []
      for word in phrase.split(separator: " ", omittingEmptySubsequences: false) {
        var spelt: [Int] = []
        for letter in word {
          guard let symbol = symbols[String(letter)] else {
            throw TranscriptionError(
              .unsuitablePhrase, "phrase '\(phrase)': the model can't write '\(letter)'; its alphabet is '\(decoding.alphabet.joined())'")
          }
          spelt.append(symbol)
        }
        words.append(spelt)
      }
      guard words.allSatisfy({ !$0.isEmpty }), words.count == 1 || symbols[" "] != nil else {
        throw TranscriptionError(.unsuitablePhrase, "phrase '\(phrase)': write words with one space between them, if the model's alphabet has one")
      }
      spelling.append(words)
    }
    (self.phrases, self.blank, self.spelling) = (phrases, blank, spelling)
    extensions = Self.extensions(of: spelling)
    let space = symbols[" "]
    self.space = space
    tree = PhraseTree(spelling.map { Self.joined($0, by: space) })
  }

  private static func extensions(of phrases: [[[Int]]]) -> [[Int]] {
    var places: [[[Int]]: [Int]] = [:]
    for (index, words) in phrases.enumerated() { places[words, default: []].append(index) }
    var extensions = [[Int]](repeating: [], count: phrases.count)
    for (index, words) in phrases.enumerated() {
      for count in 1..<max(1, words.count) {
        for shorter in places[Array(words.suffix(count))] ?? [] { extensions[shorter].append(index) }
      }
    }
    return extensions
  }

  private static func joined(_ words: [[Int]], by space: Int?) -> [Int] { Array(words.joined(separator: space.map { [$0] } ?? [])) }

  /// The phrase that the utterance ends with; nil where it ends with none. Of those that are likely enough, each by its own measure, the likeliest,
  /// then the one with most symbols, then the first; but one that is the end of another gives way to that.
  /// - Parameter scores: whole frames, each log probabilities up to a constant; a frame without numbers is a blank.
  public func decode(_ scores: [Float]) -> Match? {
    let frames = CTCFrames.logProbabilities(scores, symbolsPerFrame: symbolsPerFrame, blank: blank)
    let costs = frames.map { frame in
      let best = frame.max() ?? 0
      return frame.map { $0 - best }
    }
    var found: [Int: Match] = [:]
    for (phrase, path) in tree.bestPaths(in: costs, blank: blank, space: space).enumerated() {
      let length = tree.length(of: phrase)
      let whole = Float(exp(path.score / Double(length)))
      let least = phrases[phrase].leastConfidence
      guard whole > 0, whole >= least, let match = match(phrase, path, whole, costs, frames), match.confidence >= least else { continue }
      found[phrase] = match
    }
    let candidates = found.values.filter { match in !extensions[match.phrase].contains { found[$0] != nil } }
    func rank(_ match: Match) -> (Float, Int, Int) { (match.confidence, tree.length(of: match.phrase), -match.phrase) }
    return candidates.max { rank($0) < rank($1) }
  }

  /// How sure each word is on the best path, and when it was said.
  private func match(_ phrase: Int, _ path: PhraseTree.Path, _ whole: Float, _ costs: [[Double]], _ probabilities: [[Double]]) -> Match? {
    let words = spelling[phrase]
    let symbols = Self.joined(words, by: space)
    let beginnings = CTCAlignment.best(of: symbols, in: costs[path.begin...path.end], blank: blank).beginnings
    guard beginnings.count == symbols.count else { return nil }
    var match = Match(phrase: phrase, confidence: whole, words: [])
    var at = 0
    for (index, (word, text)) in zip(words, phrases[phrase].text.split(separator: " ")).enumerated() {
      let places = beginnings[at..<at + word.count].map { path.begin + $0 }
      let (first, last) = (places[0], places[word.count - 1])
      at += word.count + 1
      // Up to the space behind it, or the path's end.
      let end = max(first, index + 1 < words.count ? path.begin + beginnings[at - 1] : path.end + 1)
      let cost = CTCAlignment.best(of: word, in: costs[first..<end], blank: blank).logProbability
      // Each symbol where it is likeliest before the next.
      let ends = places.dropFirst() + [end]
      let sureness = zip(word, zip(places, ends)).reduce(0.0) { sum, part in
        let (symbol, (from, to)) = part
        return sum + (probabilities[from..<max(from + 1, to)].map { $0[symbol] }.max() ?? -.infinity)
      }
      let confidence = Float(exp(min(cost, sureness) / Double(word.count)))
      match.words.append(Word(text: String(text), frames: first...last, confidence: confidence))
      match.confidence = min(match.confidence, confidence)
    }
    return match
  }
}
