import Pipelines

/// Confidence intervals by drawing the images of a data set anew, with replacement (percentile bootstrap; Efron 1979).
public enum Bootstrap {
  /// The interval that holds the middle 95 % of a statistic's values over 1,000 draws; the same for the same seed.
  /// - Parameter statistic: of how often each of the images counts; never asked where there are none.
  public static func interval(imageCount: Int, seed: UInt64 = 1, _ statistic: ([Int]) -> Double) -> ClosedRange<Double> {
    guard imageCount > 0 else { return 0...0 }
    let draws = 1000
    var random = SeededRandom(seed: seed)
    var values: [Double] = []
    for _ in 0..<draws {
      var weights = [Int](repeating: 0, count: imageCount)
      for _ in 0..<imageCount { weights[random.below(imageCount)] += 1 }
      values.append(statistic(weights))
    }
    values.sort()
    return values[draws * 25 / 1000]...values[draws * 975 / 1000 - 1]
  }
}
