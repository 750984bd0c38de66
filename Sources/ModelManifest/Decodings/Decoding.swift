/// How output tensors become results. One case a family of heads; a new model of a known family needs no code.
public enum Decoding: Codable, Equatable, Sendable {
  case classification(ClassificationDecoding)
  case yolox(YOLOXDecoding)
  case yolov5(YOLOv5Decoding)
  case yolov8(YOLOv8Decoding)
  case distribution(DistributionDecoding)
  case fastestdet(FastestDetDecoding)
  case ssd(SSDDecoding)
  case ctc(CTCDecoding)
  case voiceActivity(VoiceActivityDecoding)
  case stepwise(StepwiseDecoding)
}

/// Scores of one image, `[1, classes]` in any rank.
public struct ClassificationDecoding: Codable, Equatable, Sendable {
  /// The port's name.
  public var output: String
  /// Whether the scores are logits that a softmax makes probabilities of.
  public var appliesSoftmax: Bool
  /// The model's class index of `labels[0]` (1 where a background class comes first).
  public var labelOffset: Int

  public init(output: String, appliesSoftmax: Bool = false, labelOffset: Int = 0) {
    self.output = output
    self.appliesSoftmax = appliesSoftmax
    self.labelOffset = labelOffset
  }
}

/// Anchor-free grid heads, `[1, Σ cells, 5 + classes]`: centre x, y, width, height, objectness, class scores; a row a cell,
/// strides in order, cells row by row. `x = (dx + column) × stride`, `w = exp(dw) × stride` in input pixels;
/// score = objectness × class score. (YOLOX, Ge et al. 2021.)
public struct YOLOXDecoding: Codable, Equatable, Sendable {
  public var output: String
  public var strides: [Int]
  /// Whether objectness and class scores are logits.
  public var appliesSigmoid: Bool
  public var suppression: Suppression

  public init(output: String, strides: [Int] = [8, 16, 32], appliesSigmoid: Bool = false, suppression: Suppression = Suppression()) {
    self.output = output
    self.strides = strides
    self.appliesSigmoid = appliesSigmoid
    self.suppression = suppression
  }
}

/// Width and height of a box, in pixels of the input.
public struct BoxSize: Codable, Equatable, Sendable {
  public var width: Float
  public var height: Float

  public init(width: Float, height: Float) {
    self.width = width
    self.height = height
  }
}

/// Greedy non-maximum suppression.
public struct Suppression: Codable, Equatable, Sendable {
  /// Boxes of lower score are dropped before suppression, unless the pipeline says otherwise.
  public var scoreThreshold: Float
  /// A box goes when its intersection over union with a better one is above this.
  public var overlapThreshold: Float
  /// Whether boxes suppress only boxes of their own class.
  public var isClassWise: Bool
  /// Most boxes kept for a frame.
  public var limit: Int

  public init(scoreThreshold: Float = 0.3, overlapThreshold: Float = 0.45, isClassWise: Bool = true, limit: Int = 300) {
    self.scoreThreshold = scoreThreshold
    self.overlapThreshold = overlapThreshold
    self.isClassWise = isClassWise
    self.limit = limit
  }
}
