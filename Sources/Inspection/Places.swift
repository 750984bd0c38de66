/// A point as shares of the frame: 0 is its left or upper edge, 1 its right or lower one.
public struct FramePoint: Equatable, Sendable {
  public var x: Float
  public var y: Float

  public init(x: Float, y: Float) { (self.x, self.y) = (x, y) }
}

/// A named part of the picture: a polygon. Where its edges cross, what they enclose an even number of times is outside.
public struct Region: Equatable, Sendable {
  /// Most regions of a pipeline, and most corners of one.
  public static let limit = 32, cornerLimit = 64

  public var name: String
  /// At least three.
  public var corners: [FramePoint]

  public init(name: String, corners: [FramePoint]) { (self.name, self.corners) = (name, corners) }

  public func contains(_ point: FramePoint) -> Bool {
    var isInside = false
    var before = corners.count - 1
    for at in 0..<corners.count {
      let (a, b) = (corners[at], corners[before])
      if (a.y > point.y) != (b.y > point.y), point.x < (b.x - a.x) * (point.y - a.y) / (b.y - a.y) + a.x { isInside.toggle() }
      before = at
    }
    return isInside
  }

  /// Where on its way to a point inside something came in first, 0…1; 0 where it was inside before.
  func entering(from start: FramePoint, to end: FramePoint) -> Float {
    guard !contains(start) else { return 0 }
    var first: Float = 1
    var before = corners.count - 1
    for at in 0..<corners.count {
      let edge = CountLine(name: "", from: corners[before], to: corners[at])
      if corners[before] != corners[at], let share = edge.crossing(from: start, to: end) { first = min(first, share) }
      before = at
    }
    return first
  }
}

/// A named line in the picture that tracked things cross.
public struct CountLine: Equatable, Sendable {
  /// Most lines of a pipeline.
  public static let limit = 16

  /// Which crossings count, as one sees them in the picture.
  public enum Direction: String, CaseIterable, Sendable {
    case left, right, up, down, both
  }

  public var name: String
  public var from: FramePoint
  public var to: FramePoint
  public var direction: Direction

  public init(name: String, from: FramePoint, to: FramePoint, direction: Direction = .both) {
    (self.name, self.from, self.to, self.direction) = (name, from, to, direction)
  }

  /// On which side of the line a point is: the sign.
  private func side(_ point: FramePoint) -> Float { (to.x - from.x) * (point.y - from.y) - (to.y - from.y) * (point.x - from.x) }

  /// Where on its way from one point to another something crossed the line, 0…1; nil where it didn't, or the other way.
  public func crossing(from start: FramePoint, to end: FramePoint) -> Float? {
    let (before, after) = (side(start), side(end))
    // A point on the line belongs to one side of it, so that no crossing counts twice.
    guard (before < 0) != (after < 0) else { return nil }
    switch direction {
    case .both: break
    case .left: guard end.x < start.x else { return nil }
    case .right: guard end.x > start.x else { return nil }
    case .up: guard end.y < start.y else { return nil }
    case .down: guard end.y > start.y else { return nil }
    }
    let share = before / (before - after)
    let point = FramePoint(x: start.x + (end.x - start.x) * share, y: start.y + (end.y - start.y) * share)
    let (dx, dy) = (to.x - from.x, to.y - from.y)
    let along = ((point.x - from.x) * dx + (point.y - from.y) * dy) / (dx * dx + dy * dy)
    return along >= 0 && along <= 1 ? share : nil
  }
}
