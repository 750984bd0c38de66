/// Boxes beside class scores: scores `[1, N, classes]`, boxes `[1, N, 4]`; every class of a box is a candidate of its own.
/// Boxes are decoded already, or offsets from `priors` (Liu et al. 2016).
public struct SSDDecoding: Codable, Equatable, Sendable {
  public enum BoxFormat: String, Codable, Sendable, CaseIterable {
    /// x1, y1, x2, y2
    case corners
    /// y1, x1, y2, x2
    case cornersYX = "corners-yx"
    /// centre x, centre y, width, height
    case centre
    /// centre y, centre x, height, width
    case centreYX = "centre-yx"
  }

  public enum Activation: String, Codable, Sendable, CaseIterable {
    /// The output holds probabilities.
    case none
    case softmax
    case sigmoid
  }

  public var scores: String
  public var boxes: String
  /// With priors, `centre` and `centreYX` alone make sense.
  public var boxFormat: BoxFormat
  /// Whether boxes are in 0…1 of the input rather than input pixels; offsets from priors are neither.
  public var isNormalised: Bool
  /// The class index that means nothing is there, dropped from the labels' indices; nil where there is none.
  public var backgroundClass: Int?
  /// What makes probabilities of the scores.
  public var activation: Activation
  /// The boxes that offsets are relative to; nil where boxes are decoded.
  public var priors: SSDPriors?
  public var suppression: Suppression

  public init(
    scores: String, boxes: String, boxFormat: BoxFormat = .corners, isNormalised: Bool = true, backgroundClass: Int? = 0, activation: Activation = .none,
    priors: SSDPriors? = nil, suppression: Suppression = Suppression()
  ) {
    self.scores = scores
    self.boxes = boxes
    self.boxFormat = boxFormat
    self.isNormalised = isNormalised
    self.backgroundClass = backgroundClass
    self.activation = activation
    self.priors = priors
    self.suppression = suppression
  }
}

/// The boxes that an SSD's offsets are relative to, in the output's order: grid by grid, cells row by row, sizes in order.
/// `cx = prior cx + dx × centre variance × prior width`, `w = prior width × exp(dw × size variance)`.
public struct SSDPriors: Codable, Equatable, Sendable {
  /// A feature map: its cells, and the boxes around the middle of each.
  public struct Grid: Codable, Equatable, Sendable {
    public var columns: Int
    public var rows: Int
    public var sizes: [BoxSize]

    public init(columns: Int, rows: Int, sizes: [BoxSize]) {
      self.columns = columns
      self.rows = rows
      self.sizes = sizes
    }
  }

  public var grids: [Grid]
  public var centreVariance: Float
  public var sizeVariance: Float

  public init(grids: [Grid], centreVariance: Float = 0.1, sizeVariance: Float = 0.2) {
    self.grids = grids
    self.centreVariance = centreVariance
    self.sizeVariance = sizeVariance
  }
}
