import Glibc

/// A CTC model's scores as what searches go by.
enum CTCFrames {
  /// The log probabilities of each frame's symbols; a frame without numbers is a blank.
  /// - Parameter scores: whole frames, each log probabilities up to a constant.
  static func logProbabilities(_ scores: [Float], symbolsPerFrame: Int, blank: Int) -> [[Double]] {
    precondition(scores.count % symbolsPerFrame == 0)
    return stride(from: 0, to: scores.count, by: symbolsPerFrame).map { logProbabilities(scores[$0..<$0 + symbolsPerFrame], blank: blank) }
  }

  private static func logProbabilities(_ scores: ArraySlice<Float>, blank: Int) -> [Double] {
    let greatest = scores.reduce(-Float.infinity) { $1 > $0 ? $1 : $0 }
    guard greatest.isFinite else {
      var silent = [Double](repeating: -.infinity, count: scores.count)
      silent[blank] = 0
      return silent
    }
    let shifted = scores.map { $0.isNaN ? -Double.infinity : Double($0) - Double(greatest) }
    let total = log(shifted.reduce(0) { $0 + exp($1) })
    return shifted.map { $0 - total }
  }
}
