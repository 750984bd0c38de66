/// The metal's colour, place by place.
extension ConveyorPart {
  /// Towards the lamp, upper left, in the frame's axes.
  private static let lamp: (x: Float, y: Float) = (-0.64, -0.77)

  /// - Parameters:
  ///   - edge: signed distance to the nearest edge of the metal, negative inside.
  ///   - holes: those that were drilled.
  ///   - brushed: the tile of `ConveyorTexture.brushedMetal`.
  func shade(u: Float, v: Float, edge: Float, holes: [(u: Float, v: Float)], brushed: [Int8]) -> (red: Float, green: Float, blue: Float) {
    let side = ConveyorTexture.side
    let grain = brushed[((Int(v * 1.7 + 512) + textureV) % side) * side + (Int(u * 0.6 + 512) + textureU) % side]
    var level = brightness + Float(grain) * 0.34 * brushing
    let band = (u - bandCentre - bandSlope * v) / 42
    level += 40 / (1 + band * band * band * band)
    level -= u * 0.06 + v * 0.1
    for smudge in smudges {
      let square = ((u - smudge.u) * (u - smudge.u) + (v - smudge.v) * (v - smudge.v)) / (smudge.radius * smudge.radius)
      if square < 1 { level += smudge.strength * (1 - square) }
    }
    level += rim(u: u, v: v, holes: holes)
    if codeIsDark(u: u, v: v) { level -= 46 }
    var colour = (red: level * (1 + 0.02 * warmth), green: level, blue: level * (1.02 - 0.025 * warmth))
    for defect in defects { apply(defect, u: u, v: v, to: &colour) }
    return colour
  }

  /// Chamfers catch or lose the light by the way they face: the outline's, the bore's turned face, the countersinks.
  private func rim(u: Float, v: Float, holes: [(u: Float, v: Float)]) -> Float {
    var level: Float = 0
    let outline = Self.outlineDistance(u: u, v: v)
    if outline > -4.5 {
      let du = Self.outlineDistance(u: u + 0.5, v: v) - Self.outlineDistance(u: u - 0.5, v: v)
      let dv = Self.outlineDistance(u: u, v: v + 0.5) - Self.outlineDistance(u: u, v: v - 0.5)
      level += facing(du: du, dv: dv) * 62
    }
    let centre = (u * u + v * v).squareRoot()
    if centre < Self.boreRim {
      level += facing(du: u / max(centre, 1), dv: v / max(centre, 1)) * (centre < Self.boreRadius + 3.5 ? -58 : 20) + 10
      if centre > Self.boreRim - 1.6 { level -= 44 }
    }
    for hole in holes {
      let (du, dv) = (u - hole.u, v - hole.v)
      let distance = (du * du + dv * dv).squareRoot()
      if distance < Self.holeRadius + 3.4 { level -= facing(du: du / max(distance, 1), dv: dv / max(distance, 1)) * 64 }
    }
    return level
  }

  /// How far a slope that falls towards (du, dv), in the part's axes, faces the lamp: −1…1.
  private func facing(du: Float, dv: Float) -> Float {
    let (x, y) = rotated(u: du, v: dv)
    return x * Self.lamp.x + y * Self.lamp.y
  }

  /// The engraved code: a solid left and lower side, random cells else.
  private func codeIsDark(u: Float, v: Float) -> Bool {
    let code = Self.code
    guard abs(u - code.u) < code.half, abs(v - code.v) < code.half else { return false }
    let column = Int((u - code.u + code.half) / (code.half * 2) * 8)
    let row = Int((v - code.v + code.half) / (code.half * 2) * 8)
    return column == 0 || row >= 7 || codeBits >> UInt64(row * 8 + column) & 1 == 1
  }

  private func apply(_ defect: ConveyorDefect, u: Float, v: Float, to colour: inout (red: Float, green: Float, blue: Float)) {
    switch defect.kind {
    case .scratch: applyScratch(defect, u: u, v: v, to: &colour)
    case .dent: applyDent(defect, u: u, v: v, to: &colour)
    case .stain: applyStain(defect, u: u, v: v, to: &colour)
    case .missingHole: break
    }
  }

  /// A bright furrow with a dark side away from the lamp.
  private func applyScratch(_ scratch: ConveyorDefect, u: Float, v: Float, to colour: inout (red: Float, green: Float, blue: Float)) {
    let reach = scratch.radius + 2.8
    var nearest = reach
    var side: Float = 0
    for index in 1..<scratch.points.count {
      let (start, end) = (scratch.points[index - 1], scratch.points[index])
      let (along, across) = (end.u - start.u, end.v - start.v)
      let square = along * along + across * across
      let share = min(max(((u - start.u) * along + (v - start.v) * across) / square, 0), 1)
      let (du, dv) = (u - start.u - share * along, v - start.v - share * across)
      let distance = (du * du + dv * dv).squareRoot()
      if distance < nearest {
        nearest = distance
        side = facing(du: du, dv: dv)
      }
    }
    guard nearest < reach else { return }
    let core = min(max(scratch.radius + 0.5 - nearest, 0), 1)
    let flank = side < 0 ? min(max(reach - nearest, 0), 1) * (1 - core) : 0
    let change = (core * 118 - flank * 88) * scratch.strength
    colour = (colour.red + change, colour.green + change, colour.blue + change)
  }

  /// A bowl: the side towards the lamp lies in shadow, the far side is lit.
  private func applyDent(_ dent: ConveyorDefect, u: Float, v: Float, to colour: inout (red: Float, green: Float, blue: Float)) {
    let (du, dv) = ((u - dent.u) / dent.radius, (v - dent.v) / dent.radius)
    let square = du * du + dv * dv
    guard square < 1 else { return }
    let distance = square.squareRoot()
    let slope = distance * (1 - square) * 2.6
    let tilt = distance > 0 ? facing(du: du / distance, dv: dv / distance) : 0
    let change = (-tilt * slope * 92 - (1 - square) * 26) * dent.strength
    colour = (colour.red + change, colour.green + change, colour.blue + change)
  }

  /// Rust or oil, with a wavy outline and a darker rim.
  private func applyStain(_ stain: ConveyorDefect, u: Float, v: Float, to colour: inout (red: Float, green: Float, blue: Float)) {
    let (du, dv) = (u - stain.u, v - stain.v)
    let distance = (du * du + dv * dv).squareRoot()
    guard distance < stain.radius * 1.05 else { return }
    let reach = ConveyorDefect.stainReach(du: du, dv: dv, radius: stain.radius, phases: stain.phases)
    let depth = min(max((reach - distance) / 3.5, 0), 1)
    let rim = distance > reach - 4 ? Float(0.16) : 0
    let opacity = depth * (0.62 + rim) * stain.strength
    let dye: (red: Float, green: Float, blue: Float) = stain.phases.0 < 3.14 ? (0.66, 0.42, 0.24) : (0.34, 0.33, 0.36)
    colour.red *= 1 - opacity * (1 - dye.red)
    colour.green *= 1 - opacity * (1 - dye.green)
    colour.blue *= 1 - opacity * (1 - dye.blue)
  }
}
