/// A word that is expected: text that holds it is preferred.
public struct HotWord: Equatable, Sendable {
  /// Without spaces, in the letters of the model's alphabet.
  public var text: String
  /// What each occurrence adds to the text's log probability.
  public var bonus: Double

  public init(_ text: String, bonus: Double = 5) {
    self.text = text
    self.bonus = bonus
  }
}

/// Expected words as a tree of their letters.
struct HotWords {
  /// How far a text has come: what its whole words earned, and where in the tree the word at its end is.
  struct Progress: Equatable {
    var earned = 0.0
    /// Nil where the word at the end is no beginning of an expected one.
    var node: Int? = 0
  }

  private struct Node {
    var children: [Character: Int] = [:]
    /// Of the word that ends here.
    var bonus = 0.0
    /// The greatest share of a bonus that a word on its way through here has come to.
    var share = 0.0
  }

  private var nodes = [Node()]

  init(_ words: [HotWord]) {
    for word in words {
      var node = 0
      for (depth, letter) in word.text.enumerated() {
        if let next = nodes[node].children[letter] {
          node = next
        } else {
          nodes.append(Node())
          nodes[node].children[letter] = nodes.count - 1
          node = nodes.count - 1
        }
        nodes[node].share = max(nodes[node].share, word.bonus * Double(depth + 1) / Double(word.text.count))
      }
      nodes[node].bonus = max(nodes[node].bonus, word.bonus)
    }
  }

  func adding(_ symbol: String, to progress: Progress) -> Progress {
    var progress = progress
    for letter in symbol {
      if letter == " " {
        progress = Progress(earned: finished(progress))
      } else {
        progress.node = progress.node.flatMap { nodes[$0].children[letter] }
      }
    }
    return progress
  }

  /// What the text earns if it ends here.
  func finished(_ progress: Progress) -> Double { progress.earned + (progress.node.map { nodes[$0].bonus } ?? 0) }

  /// What the text is worth while it goes on: a word on its way to an expected one has its share.
  func unfinished(_ progress: Progress) -> Double { progress.earned + (progress.node.map { nodes[$0].share } ?? 0) }
}
