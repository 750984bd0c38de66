/// The one grid head of FastestDet (Ma 2022): `[1, 5 + classes, rows, columns]`: objectness, x, y, width, height, class scores.
/// `x = (tanh dx + column) × stride`, `w = sigmoid(dw) × input width`; score = objectness^a × class score^b, both probabilities.
public struct FastestDetDecoding: Codable, Equatable, Sendable {
  public var output: String
  public var stride: Int
  public var objectnessExponent: Float
  public var classExponent: Float
  public var suppression: Suppression

  public init(
    output: String, stride: Int = 16, objectnessExponent: Float = 0.6, classExponent: Float = 0.4, suppression: Suppression = Suppression()
  ) {
    self.output = output
    self.stride = stride
    self.objectnessExponent = objectnessExponent
    self.classExponent = classExponent
    self.suppression = suppression
  }
}
