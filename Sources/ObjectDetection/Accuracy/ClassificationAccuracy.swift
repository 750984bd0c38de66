/// How often a classification is right, over a data set.
public struct ClassificationAccuracy {
  public private(set) var imageCount = 0
  private var firstCount = 0
  private var amongFiveCount = 0

  public init() {}

  /// Scores one image.
  /// - Parameter ranking: what the decoder gave, best first; five are looked at.
  public mutating func add(_ ranking: [Detection], truth: Int) {
    imageCount += 1
    if ranking.first?.label == truth { firstCount += 1 }
    if ranking.prefix(5).contains(where: { $0.label == truth }) { amongFiveCount += 1 }
  }

  /// Share of images whose best class is right; 0 where there are none.
  public var top1: Double { imageCount == 0 ? 0 : Double(firstCount) / Double(imageCount) }
  /// Share of images whose five best classes have the right one.
  public var top5: Double { imageCount == 0 ? 0 : Double(amongFiveCount) / Double(imageCount) }
}
