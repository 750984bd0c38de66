/// A rectangle in pixels: upper left corner, width and height.
public struct Box: Equatable, Sendable {
  public var x: Float
  public var y: Float
  public var width: Float
  public var height: Float

  public init(x: Float, y: Float, width: Float, height: Float) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }

  public var area: Float { width * height }

  /// Area of the common part over area of both together, 0…1; 0 where both are empty.
  public func intersectionOverUnion(_ other: Box) -> Float {
    let common = max(0, min(x + width, other.x + other.width) - max(x, other.x)) * max(0, min(y + height, other.y + other.height) - max(y, other.y))
    let union = area + other.area - common
    return union > 0 ? common / union : 0
  }
}

/// One thing found in a frame, or (classification) one thing the whole frame may be.
public struct Detection: Equatable, Sendable {
  /// Index into the manifest's labels.
  public var label: Int
  /// 0…1.
  public var score: Float
  /// Frame pixels, inside the frame. The whole frame for a classification.
  public var box: Box

  public init(label: Int, score: Float, box: Box) {
    self.label = label
    self.score = score
    self.box = box
  }
}
