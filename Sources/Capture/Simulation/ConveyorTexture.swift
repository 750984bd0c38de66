import Pipelines

/// Square tiles of texture that wrap around, made once.
enum ConveyorTexture {
  static let side = 512

  /// Brushed metal: fine lines along `u`, each drifting slowly, −128…127.
  static func brushedMetal(seed: UInt64) -> [Int8] {
    var random = SeededRandom(seed: seed, index: -1)
    var tile = [Int8](repeating: 0, count: side * side)
    for v in 0..<side {
      let level = random.normal() * 26
      var drift: Float = 0
      for u in 0..<side {
        drift = drift * 0.985 + random.normal() * 5
        // Fades to the line's plain level towards the seam, so that the tile wraps.
        let fade = Float(min(u, side - 1 - u, 48)) / 48
        tile[v * side + u] = Int8(clamping: Int(level + drift * fade + random.normal() * 4))
      }
    }
    return tile
  }

  /// Smooth noise with features of about `cell` pixels, −1…1, wrapping at `width` and `height`.
  static func smoothNoise(width: Int, height: Int, cell: Int, random: inout SeededRandom) -> [Float] {
    let columns = max(1, width / cell)
    let rows = max(1, height / cell)
    let lattice = (0..<columns * rows).map { _ in random.uniform(-1...1) }
    var noise = [Float](repeating: 0, count: width * height)
    for y in 0..<height {
      let gridY = Float(y) * Float(rows) / Float(height)
      let row = Int(gridY)
      let ty = ease(gridY - Float(row))
      for x in 0..<width {
        let gridX = Float(x) * Float(columns) / Float(width)
        let column = Int(gridX)
        let tx = ease(gridX - Float(column))
        let right = (column + 1) % columns
        let below = (row + 1) % rows
        let top = lattice[row * columns + column] * (1 - tx) + lattice[row * columns + right] * tx
        let bottom = lattice[below * columns + column] * (1 - tx) + lattice[below * columns + right] * tx
        noise[y * width + x] = top * (1 - ty) + bottom * ty
      }
    }
    return noise
  }

  /// Smoothstep: 0…1 with level ends.
  static func ease(_ value: Float) -> Float {
    let held = min(max(value, 0), 1)
    return held * held * (3 - 2 * held)
  }
}
