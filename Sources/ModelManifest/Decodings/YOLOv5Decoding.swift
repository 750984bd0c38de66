/// Anchored grid heads of YOLOv5 and its kin (v3, v4, v7): centre x, y, width, height, objectness, class scores;
/// score = objectness × class score. (Jocher et al. 2020; Redmon and Farhadi 2018.)
///
/// Without `anchors` there is one output of decoded boxes, `[1, boxes, 5 + classes]`, in input pixels (0…1 where `isNormalised`).
/// With them there is an output a stride, `[1, anchors × (5 + classes), rows, columns]` or `[1, anchors, rows, columns, 5 + classes]`,
/// and, s being the sigmoid of a value, `x = (2 s − 0.5 + column) × stride`, `w = (2 s)² × anchor width`.
public struct YOLOv5Decoding: Codable, Equatable, Sendable {
  public var outputs: [String]
  public var strides: [Int]
  /// The anchors of each stride, in input pixels; empty where boxes come decoded.
  public var anchors: [[BoxSize]]
  /// Whether scores (and, with anchors, places and sizes) are logits.
  public var appliesSigmoid: Bool
  /// Whether decoded boxes are in 0…1 of the input rather than input pixels.
  public var isNormalised: Bool
  public var suppression: Suppression

  public init(
    outputs: [String], strides: [Int] = [8, 16, 32], anchors: [[BoxSize]] = [], appliesSigmoid: Bool = false, isNormalised: Bool = false,
    suppression: Suppression = Suppression()
  ) {
    self.outputs = outputs
    self.strides = strides
    self.anchors = anchors
    self.appliesSigmoid = appliesSigmoid
    self.isNormalised = isNormalised
    self.suppression = suppression
  }
}
