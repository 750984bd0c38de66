import Pipelines
import Glibc

/// Something wrong with a part, in the part's axes.
struct ConveyorDefect {
  enum Kind: Int, CaseIterable {
    case scratch, dent, stain, missingHole

    var label: String {
      switch self {
      case .scratch: "scratch"
      case .dent: "dent"
      case .stain: "stain"
      case .missingHole: "missing_hole"
      }
    }
  }

  let kind: Kind
  /// A scratch's line; otherwise points on the outline, from which the box follows.
  let points: [(u: Float, v: Float)]
  let u: Float
  let v: Float
  /// Half the size; for a scratch half its width.
  let radius: Float
  /// 0.6…1: how plain it is to see.
  let strength: Float
  /// Phases of a stain's wavy outline; the first also chooses rust or oil.
  let phases: (Float, Float)
  /// The hole that was not drilled.
  let hole: Int

  init(kind: Kind, random: inout SeededRandom) {
    self.kind = kind
    strength = random.uniform(0.65...1)
    phases = (random.uniform(0...6.28), random.uniform(0...6.28))
    hole = random.below(4)
    switch kind {
    case .scratch:
      radius = random.uniform(1.2...2.0)
      points = Self.scratchLine(random: &random)
      (u, v) = points[points.count / 2]
    case .dent, .stain:
      let size = kind == .dent ? random.uniform(11...17) : random.uniform(12...21)
      radius = size
      (u, v) = Self.plainPlace(margin: kind == .dent ? size : size * 0.8, random: &random)
      points = Self.outline(u: u, v: v, radius: size, phases: kind == .stain ? phases : nil)
    case .missingHole:
      (u, v) = ConveyorPart.holes[hole]
      radius = ConveyorPart.holeRadius + 4
      points = Self.outline(u: u, v: v, radius: radius, phases: nil)
    }
  }

  func overlaps(_ other: ConveyorDefect) -> Bool {
    let near: Float = 18
    return points.contains { point in
      other.points.contains { abs($0.u - point.u) < near && abs($0.v - point.v) < near }
    }
  }

  /// How far a stain reaches in the direction of a unit vector: a circle with two and three waves on it.
  static func stainReach(du: Float, dv: Float, radius: Float, phases: (Float, Float)) -> Float {
    let angle = atan2f(dv, du)
    return radius * (0.78 + 0.14 * sinf(2 * angle + phases.0) + 0.08 * sinf(3 * angle + phases.1))
  }

  private static func outline(u: Float, v: Float, radius: Float, phases: (Float, Float)?) -> [(u: Float, v: Float)] {
    (0..<24).map { step in
      let angle = Float(step) * .pi / 12
      let (du, dv) = (cosf(angle), sinf(angle))
      let reach = phases.map { stainReach(du: du, dv: dv, radius: radius, phases: $0) } ?? radius
      return (u + du * reach, v + dv * reach)
    }
  }

  private static func plainPlace(margin: Float, random: inout SeededRandom) -> (u: Float, v: Float) {
    for _ in 0..<100 {
      let place = (u: random.uniform(-85...85), v: random.uniform(-62...62))
      if ConveyorPart.isPlain(u: place.u, v: place.v, margin: margin) { return place }
    }
    return (56, 0)
  }

  /// A slightly bent line over plain metal.
  private static func scratchLine(random: inout SeededRandom) -> [(u: Float, v: Float)] {
    for _ in 0..<200 {
      var place = plainPlace(margin: 5, random: &random)
      var angle = random.uniform(-3.14...3.14)
      let step = random.uniform(9...15)
      let bend = random.uniform(-0.12...0.12)
      var line = [place]
      for _ in 0..<6 {
        place = (place.u + step * cosf(angle), place.v + step * sinf(angle))
        angle += bend
        line.append(place)
      }
      if line.allSatisfy({ ConveyorPart.isPlain(u: $0.u, v: $0.v, margin: 3) }) { return line }
    }
    return (0..<7).map { (-40 + Float($0) * 13, 60) }
  }
}
