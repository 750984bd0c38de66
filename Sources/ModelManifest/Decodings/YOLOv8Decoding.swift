/// Decoded anchor-free heads of YOLOv8 and its kin (v9, v11): `[1, 4 + classes, boxes]` or `[1, boxes, 4 + classes]`: centre x, y,
/// width, height, then a probability a class; there is no objectness. (Jocher et al. 2023.) Raw heads are a `DistributionDecoding`.
public struct YOLOv8Decoding: Codable, Equatable, Sendable {
  public var output: String
  /// What the number of boxes is checked by.
  public var strides: [Int]
  /// Whether boxes are in 0…1 of the input rather than input pixels.
  public var isNormalised: Bool
  public var suppression: Suppression

  public init(output: String, strides: [Int] = [8, 16, 32], isNormalised: Bool = false, suppression: Suppression = Suppression()) {
    self.output = output
    self.strides = strides
    self.isNormalised = isNormalised
    self.suppression = suppression
  }
}
