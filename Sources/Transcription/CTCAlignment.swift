/// Where a known text lies in an utterance: the most probable alignment (Viterbi's algorithm over Graves' CTC states, 2006: a blank before, between
/// and behind the symbols).
enum CTCAlignment {
  /// The frame in which each symbol begins.
  /// - Parameters:
  ///   - symbols: indices into the model's symbols, a text that the frames can say.
  ///   - frames: log probabilities.
  static func beginnings(of symbols: [Int], in frames: [[Double]], blank: Int) -> [Int] {
    best(of: symbols, in: frames[...], blank: blank).beginnings
  }

  /// The most probable alignment: the frame in which each symbol begins, from the first of `frames` on, and the alignment's log probability;
  /// that is −∞ where the frames can't say the text.
  static func best(of symbols: [Int], in frames: ArraySlice<[Double]>, blank: Int) -> (beginnings: [Int], logProbability: Double) {
    guard !symbols.isEmpty, !frames.isEmpty else { return ([], symbols.isEmpty ? 0 : -.infinity) }
    let states = (0..<2 * symbols.count + 1).map { $0 % 2 == 0 ? blank : symbols[$0 / 2] }
    var scores = [Double](repeating: -.infinity, count: states.count)
    // How many states back each frame's best path came from.
    var steps: [[UInt8]] = []
    for (time, frame) in frames.enumerated() {
      var next = [Double](repeating: -.infinity, count: states.count)
      var step = [UInt8](repeating: 0, count: states.count)
      for state in states.indices {
        guard time > 0 else {
          if state < 2 { next[state] = frame[states[state]] }
          continue
        }
        var best = scores[state]
        if state > 0, scores[state - 1] > best { (best, step[state]) = (scores[state - 1], 1) }
        let mayLeap = state > 1 && state % 2 == 1 && states[state] != states[state - 2]
        if mayLeap, scores[state - 2] > best { (best, step[state]) = (scores[state - 2], 2) }
        next[state] = best + frame[states[state]]
      }
      scores = next
      steps.append(step)
    }
    var beginnings = [Int](repeating: 0, count: symbols.count)
    var state = scores[states.count - 1] > scores[states.count - 2] ? states.count - 1 : states.count - 2
    let logProbability = scores[state]
    for time in (0..<frames.count).reversed() {
      if state % 2 == 1 { beginnings[state / 2] = time }
      state -= Int(steps[time][state])
    }
    return (beginnings, logProbability)
  }
}
