/// How often a classification is right, over a data set.
public struct ClassificationAccuracy {
  private struct Verdict {
    var truth: Int
    var isFirst: Bool
    var isAmongFive: Bool
  }

  private var verdicts: [Verdict] = []

  public init() {}

  public var imageCount: Int { verdicts.count }

  /// Scores one image.
  /// - Parameter ranking: what the decoder gave, best first; five are looked at.
  public mutating func add(_ ranking: [Detection], truth: Int) {
    verdicts.append(
      Verdict(truth: truth, isFirst: ranking.first?.label == truth, isAmongFive: ranking.prefix(5).contains { $0.label == truth }))
  }

  /// Share of images whose best class is right; 0 where there are none.
  public var top1: Double { share { $0.isFirst } }
  /// Share of images whose five best classes have the right one.
  public var top5: Double { share { $0.isAmongFive } }

  private func share(_ isRight: (Verdict) -> Bool) -> Double {
    verdicts.isEmpty ? 0 : Double(verdicts.count(where: isRight)) / Double(verdicts.count)
  }

  /// Labels that occur in the data set, ascending.
  public var presentLabels: [Int] { Set(verdicts.map(\.truth)).sorted() }

  /// Share of a class's images whose best class is right, or nil where it doesn't occur.
  public func top1(label: Int) -> Double? {
    let own = verdicts.filter { $0.truth == label }
    return own.isEmpty ? nil : Double(own.count(where: \.isFirst)) / Double(own.count)
  }

  /// `top1` as a function of how often each image counts.
  public func resampled() -> (_ weights: [Int]) -> Double {
    { [verdicts] weights in
      let count = weights.reduce(0, +)
      return count == 0 ? 0 : Double(zip(verdicts, weights).reduce(0) { $0 + ($1.0.isFirst ? $1.1 : 0) }) / Double(count)
    }
  }
}
