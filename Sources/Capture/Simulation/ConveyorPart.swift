import Pipelines
import Glibc

/// One flange on the belt: what it looks like and what is wrong with it, all drawn from the seed and its number. Lengths are
/// in pixels of a frame 480 high, positions relative to the part's centre, `u` along its long side.
struct ConveyorPart {
  static let halfWidth: Float = 102
  static let halfHeight: Float = 78
  static let cornerRadius: Float = 17
  static let holeRadius: Float = 12.5
  static let boreRadius: Float = 27
  static let boreRim: Float = 36
  static let holes: [(u: Float, v: Float)] = [(-74, -51), (74, -51), (-74, 51), (74, 51)]
  /// The engraved code's middle and half side.
  static let code: (u: Float, v: Float, half: Float) = (-62, 0, 11)

  let number: Int
  /// Off the lane's middle, and off the even spacing.
  let offsetX: Float
  let offsetY: Float
  let cosine: Float
  let sine: Float
  /// Grey level of the bare metal, and how strongly its brushing shows.
  let brightness: Float
  let brushing: Float
  /// Where in the texture this part's brushing begins.
  let textureU: Int
  let textureV: Int
  /// The reflected band of light across the part: its middle and slope.
  let bandCentre: Float
  let bandSlope: Float
  /// A cast over the metal, −1 cool … 1 warm.
  let warmth: Float
  let codeBits: UInt64
  /// Harmless marks that a detector must learn to pass over: middle, radius, strength.
  let smudges: [(u: Float, v: Float, radius: Float, strength: Float)]
  let defects: [ConveyorDefect]

  init(number: Int, seed: UInt64, defectRate: Double) {
    var random = SeededRandom(seed: seed, index: number)
    self.number = number
    offsetX = random.uniform(-22...22)
    offsetY = random.uniform(-42...42)
    let angle = random.uniform(-0.11...0.11)
    cosine = cosf(angle)
    sine = sinf(angle)
    brightness = random.uniform(116...148)
    brushing = random.uniform(0.7...1.35)
    textureU = random.below(ConveyorTexture.side)
    textureV = random.below(ConveyorTexture.side)
    bandCentre = random.uniform(-90...90)
    bandSlope = random.uniform(-0.5...0.5)
    warmth = random.uniform(-1...1)
    codeBits = random.next()
    smudges = (0..<2).map { _ in
      (random.uniform(-85...85), random.uniform(-60...60), random.uniform(12...30), random.uniform(-9...7))
    }
    defects = Self.makeDefects(defectRate: defectRate, random: &random)
  }

  private static func makeDefects(defectRate: Double, random: inout SeededRandom) -> [ConveyorDefect] {
    guard Double(random.unit()) < defectRate else { return [] }
    var defects = [ConveyorDefect(kind: .allCases[random.below(4)], random: &random)]
    if random.unit() < 0.3 {
      let second = ConveyorDefect(kind: .allCases[random.below(4)], random: &random)
      if !defects[0].overlaps(second) { defects.append(second) }
    }
    return defects
  }

  /// Signed distance to the plate's outline, negative inside.
  static func outlineDistance(u: Float, v: Float) -> Float {
    let du = abs(u) - (halfWidth - cornerRadius)
    let dv = abs(v) - (halfHeight - cornerRadius)
    let outside = (max(du, 0) * max(du, 0) + max(dv, 0) * max(dv, 0)).squareRoot()
    return outside + min(max(du, dv), 0) - cornerRadius
  }

  /// Whether a place is flat metal, at least `margin` from the outline, each hole, the bore's rim and the engraved code.
  static func isPlain(u: Float, v: Float, margin: Float) -> Bool {
    guard outlineDistance(u: u, v: v) < -margin else { return false }
    guard (u * u + v * v).squareRoot() > boreRim + margin else { return false }
    guard max(abs(u - code.u), abs(v - code.v)) > code.half + margin else { return false }
    return holes.allSatisfy { ((u - $0.u) * (u - $0.u) + (v - $0.v) * (v - $0.v)).squareRoot() > holeRadius + 3 + margin }
  }

  /// From the part's axes to the frame's, still relative to the centre.
  func rotated(u: Float, v: Float) -> (x: Float, y: Float) {
    (u * cosine - v * sine, u * sine + v * cosine)
  }

  /// Bounds of points in the frame's axes, relative to the centre.
  func bounds(of points: [(u: Float, v: Float)], margin: Float) -> (left: Float, top: Float, right: Float, bottom: Float) {
    var bounds: (left: Float, top: Float, right: Float, bottom: Float) = (.infinity, .infinity, -.infinity, -.infinity)
    for point in points {
      let (x, y) = rotated(u: point.u, v: point.v)
      bounds = (min(bounds.left, x), min(bounds.top, y), max(bounds.right, x), max(bounds.bottom, y))
    }
    return (bounds.left - margin, bounds.top - margin, bounds.right + margin, bounds.bottom + margin)
  }
}
