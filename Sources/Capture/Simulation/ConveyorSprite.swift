/// A part drawn once, then only moved: colour, cover, and what its shadow leaves of the belt's light.
@safe final class ConveyorSprite {
  private(set) var number = -1
  let width: Int
  let height: Int
  /// RGB, three bytes a pixel.
  private(set) var colour: [UInt8]
  /// 255 where the part hides the belt.
  private(set) var cover: [UInt8]
  /// The belt's light under the part's shadow, 255 for all of it.
  private(set) var light: [UInt8]

  /// Room for any part at `scale` (1 for a frame 480 high).
  init(scale: Float) {
    width = Int(290 * scale) | 1
    height = Int(240 * scale) | 1
    colour = [UInt8](repeating: 0, count: width * height * 3)
    cover = [UInt8](repeating: 0, count: width * height)
    light = [UInt8](repeating: 255, count: width * height)
  }

  func draw(_ part: ConveyorPart, scale: Float, brushed: [Int8]) {
    number = part.number
    let missing = part.defects.filter { $0.kind == .missingHole }.map(\.hole)
    let holes = ConveyorPart.holes.indices.filter { !missing.contains($0) }.map { ConveyorPart.holes[$0] }
    for row in 0..<height {
      let y = Float(row - height / 2) / scale
      for column in 0..<width {
        let x = Float(column - width / 2) / scale
        let u = x * part.cosine + y * part.sine
        let v = y * part.cosine - x * part.sine
        let pixel = row * width + column
        let edge = Self.distance(u: u, v: v, holes: holes)
        let covered = min(max(0.5 - edge * scale, 0), 1)
        cover[pixel] = UInt8(covered * 255)
        light[pixel] = Self.beltLight(u: u, v: v, edge: edge, holes: holes)
        guard covered > 0 else { continue }
        let shade = part.shade(u: u, v: v, edge: edge, holes: holes, brushed: brushed)
        colour[pixel * 3] = UInt8(min(max(shade.red, 0), 255))
        colour[pixel * 3 + 1] = UInt8(min(max(shade.green, 0), 255))
        colour[pixel * 3 + 2] = UInt8(min(max(shade.blue, 0), 255))
      }
    }
  }

  /// Signed distance to the metal, holes and bore cut out.
  private static func distance(u: Float, v: Float, holes: [(u: Float, v: Float)]) -> Float {
    var distance = ConveyorPart.outlineDistance(u: u, v: v)
    distance = max(distance, ConveyorPart.boreRadius - (u * u + v * v).squareRoot())
    for hole in holes {
      let (du, dv) = (u - hole.u, v - hole.v)
      distance = max(distance, ConveyorPart.holeRadius - (du * du + dv * dv).squareRoot())
    }
    return distance
  }

  /// Light comes from the upper left: a soft shadow to the lower right, and a deep one inside holes.
  private static func beltLight(u: Float, v: Float, edge: Float, holes: [(u: Float, v: Float)]) -> UInt8 {
    let shadow = ConveyorPart.outlineDistance(u: u - 7, v: v - 8)
    var light = 0.42 + 0.58 * ConveyorTexture.ease((shadow + 7) / 20)
    if ConveyorPart.outlineDistance(u: u, v: v) < 0 {
      let deep = ConveyorPart.outlineDistance(u: u, v: v) < 0 ? distance(u: u - 4, v: v - 5, holes: holes) : 0
      light = 0.34 + 0.3 * ConveyorTexture.ease((deep + 2) / 9)
    }
    return UInt8(min(max(light, 0), 1) * 255)
  }
}
