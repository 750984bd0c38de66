/// Anchor-free grid heads whose four distances to the box's sides are distributions over whole numbers of strides: generalised
/// focal loss (Li et al. 2020; NanoDet, PicoDet) and the raw heads of YOLOv8. A distance is the softmax's expectation × stride;
/// the cell's centre is `(column + cellOffset) × stride`; a cell's score is that of its best class.
///
/// Heads are `[1, cells, channels]`, `[1, channels, cells]`, `[1, channels, rows, columns]` or `[1, rows, columns, channels]`;
/// a stride has ⌈input ÷ stride⌉ cells a side.
public struct DistributionDecoding: Codable, Equatable, Sendable {
  /// Which channels come first where scores and distances share their outputs.
  public enum Order: String, Codable, Sendable, CaseIterable {
    case scoresFirst = "scores-first"
    case distancesFirst = "distances-first"
  }

  /// Outputs of class scores: one a stride, or one with the cells of all strides.
  public var scores: [String]
  /// Outputs of 4 × `bins` distances, likewise: left, top, right, bottom. Empty where `scores` hold them as well, in this `order`.
  public var distances: [String]
  public var order: Order
  public var strides: [Int]
  /// Numbers a side (one above the paper's largest distance, reg_max); 1 where the four channels are the distances themselves.
  public var bins: Int
  /// Where in its cell a cell's centre lies, in strides.
  public var cellOffset: Float
  /// Whether class scores are logits.
  public var appliesSigmoid: Bool
  public var suppression: Suppression

  public init(
    scores: [String], distances: [String] = [], order: Order = .scoresFirst, strides: [Int] = [8, 16, 32], bins: Int = 8, cellOffset: Float = 0.5,
    appliesSigmoid: Bool = false, suppression: Suppression = Suppression()
  ) {
    self.scores = scores
    self.distances = distances
    self.order = order
    self.strides = strides
    self.bins = bins
    self.cellOffset = cellOffset
    self.appliesSigmoid = appliesSigmoid
    self.suppression = suppression
  }
}
