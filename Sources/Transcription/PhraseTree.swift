/// Phrases as a tree of their symbols, so that what phrases begin with is searched once.
struct PhraseTree: Sendable {
  /// Where a phrase lies on its best path, and what that costs: the sum of its frames' values, filler left out.
  struct Path: Equatable, Sendable {
    var score: Double
    /// The frames of its first and its last symbol.
    var begin: Int
    var end: Int
  }

  private struct Node: Sendable {
    /// A lower index than its own; −1 behind nothing.
    var parent: Int
    var symbol: Int
  }

  private var nodes: [Node] = []
  /// The node of each phrase's last symbol.
  private var ends: [Int] = []
  private var lengths: [Int] = []

  /// - Parameter phrases: symbols, at least one each.
  init(_ phrases: [[Int]]) {
    var places: [[Int]: Int] = [:]
    for phrase in phrases {
      var parent = -1
      for symbol in phrase {
        if let place = places[[parent, symbol]] {
          parent = place
        } else {
          nodes.append(Node(parent: parent, symbol: symbol))
          places[[parent, symbol]] = nodes.count - 1
          parent = nodes.count - 1
        }
      }
      ends.append(parent)
      lengths.append(phrase.count)
    }
  }

  var nodeCount: Int { nodes.count }

  /// Symbols of a phrase.
  func length(of phrase: Int) -> Int { lengths[phrase] }

  /// A state of the search: the best path that ends in it.
  private struct State {
    static let nowhere = State(score: -.infinity, begin: 0, end: 0)

    var score: Double
    var begin: Int
    var end: Int

    func adding(_ value: Double) -> State { State(score: score + value, begin: begin, end: end) }
  }

  /// Each phrase's best path to the end of the frames; −∞ where there is none.
  /// - Parameters:
  ///   - frames: what each symbol adds in each frame, 0 for the frame's best.
  ///   - space: nil where words aren't told apart; a phrase is then the whole utterance.
  func bestPaths(in frames: [[Double]], blank: Int, space: Int?) -> [Path] {
    // Of each node: its symbol is being said, or the blank behind it; and of each phrase what comes behind it.
    var symbols = [State](repeating: .nowhere, count: nodes.count)
    var blanks = symbols
    var tails = [State](repeating: .nowhere, count: ends.count)
    // Where a phrase may begin: nothing was said yet, or a space has ended something.
    var start = 0.0
    for (time, frame) in frames.enumerated() {
      let silence = max(frame[blank], space.map { frame[$0] } ?? -.infinity)
      for (phrase, node) in ends.enumerated() {
        let last = symbols[node]
        let before = last.score > tails[phrase].score ? State(score: last.score, begin: last.begin, end: time - 1) : tails[phrase]
        tails[phrase] = before.adding(silence)
      }
      // Parents stand before their children: from the last on, what a node reads is of the frame before.
      for index in nodes.indices.reversed() {
        let node = nodes[index]
        var best = symbols[index].score > blanks[index].score ? symbols[index] : blanks[index]
        blanks[index] = best.adding(frame[blank])
        best = symbols[index]
        if node.parent < 0 {
          if start > best.score { best = State(score: start, begin: time, end: 0) }
        } else {
          if blanks[node.parent].score > best.score { best = blanks[node.parent] }
          // The same symbol twice needs a blank between.
          if nodes[node.parent].symbol != node.symbol, symbols[node.parent].score > best.score { best = symbols[node.parent] }
        }
        symbols[index] = best.adding(frame[node.symbol])
      }
      start += silence
      if let space, time > 0 { start = max(start, frame[space]) }
    }
    return ends.indices.map { phrase in
      let (last, tail) = (symbols[ends[phrase]], tails[phrase])
      return last.score >= tail.score
        ? Path(score: last.score, begin: last.begin, end: max(0, frames.count - 1)) : Path(score: tail.score, begin: tail.begin, end: tail.end)
    }
  }
}
