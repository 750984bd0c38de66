import Pipelines

/// What doesn't change from frame to frame: the belt's pattern (it only moves), the rails, the lamp's light and the sensor's
/// noise, all made once.
struct ConveyorBackdrop {
  /// The belt's pattern repeats after this many pixels.
  let period: Int
  /// RGB, `period` pixels a row.
  let belt: [UInt8]
  /// Height of the rail at the top, and at the bottom.
  let railHeight: Int
  /// RGB rows of both rails, frame-wide: `railHeight` at the top, then those at the bottom.
  let rails: [UInt8]
  /// The lamp's light on each byte of the frame; 128 is neutral.
  let gain: [UInt8]
  /// Read from a different place in each row and frame.
  let noise: [Int8]

  static let noiseCount = 1 << 16

  init(options: ConveyorOptions) {
    let scale = Float(options.height) / 480
    var random = SeededRandom(seed: options.seed, index: -2)
    period = max(options.width, Int(1024 * scale))
    railHeight = Int(30 * scale)
    belt = Self.makeBelt(width: period, height: options.height, scale: scale, random: &random)
    rails = Self.makeRails(width: options.width, height: railHeight, scale: scale, random: &random)
    gain = Self.makeGain(width: options.width, height: options.height)
    noise = (0..<Self.noiseCount + options.width * 3).map { _ in Int8(clamping: Int((random.normal() * 3.2).rounded())) }
  }

  /// Dark green-blue rubber: a fine weave, worn blotches, specks of dust.
  private static func makeBelt(width: Int, height: Int, scale: Float, random: inout SeededRandom) -> [UInt8] {
    let blotches = ConveyorTexture.smoothNoise(width: width, height: height, cell: max(2, Int(70 * scale)), random: &random)
    let mottle = ConveyorTexture.smoothNoise(width: width, height: height, cell: max(2, Int(7 * scale)), random: &random)
    var specks = [Float](repeating: 0, count: width * height)
    for _ in 0..<width * height / 900 { specks[random.below(width * height)] = random.uniform(-16...34) }
    var belt = [UInt8](repeating: 0, count: width * height * 3)
    let weave = max(2, Int(4 * scale))
    for y in 0..<height {
      for x in 0..<width {
        let pixel = y * width + x
        let thread: Float = (x / weave + y / weave) % 2 == 0 ? 3.5 : -3.5
        let level = 66 + blotches[pixel] * 9 + mottle[pixel] * 6 + thread + specks[pixel] + random.normal() * 2
        belt[pixel * 3] = UInt8(min(max(level * 0.62, 0), 255))
        belt[pixel * 3 + 1] = UInt8(min(max(level * 0.98, 0), 255))
        belt[pixel * 3 + 2] = UInt8(min(max(level * 0.94, 0), 255))
      }
    }
    return belt
  }

  /// Aluminium profiles with a groove, and bolts at even distances.
  private static func makeRails(width: Int, height: Int, scale: Float, random: inout SeededRandom) -> [UInt8] {
    var rails = [UInt8](repeating: 0, count: width * height * 2 * 3)
    for row in 0..<height * 2 {
      let inward = row < height ? Float(row) / Float(height) : Float(2 * height - 1 - row) / Float(height)
      var level: Float = 128 + 34 * inward
      if inward > 0.34 && inward < 0.5 { level = 66 }
      if inward > 0.9 { level = row < height ? 84 : 205 }
      let line = random.normal() * 3
      for x in 0..<width {
        let dx = (Float(x).truncatingRemainder(dividingBy: 160 * scale) - 80 * scale) / scale
        let dy = (inward - 0.72) * Float(height) / scale
        let bolt = (dx * dx + dy * dy).squareRoot()
        let here = bolt < 4.6 ? 92 - (dx + dy) * 9 : level + line
        for channel in 0..<3 { rails[(row * width + x) * 3 + channel] = UInt8(min(max(here + Float(channel) * 2, 0), 255)) }
      }
    }
    return rails
  }

  /// One lamp, upper left of the middle, falling off to the corners.
  private static func makeGain(width: Int, height: Int) -> [UInt8] {
    var gain = [UInt8](repeating: 0, count: width * height * 3)
    for y in 0..<height {
      let dy = (Float(y) / Float(height) - 0.4) * 1.1
      for x in 0..<width {
        let dx = Float(x) / Float(width) - 0.42
        let level = 1.13 - 0.72 * (dx * dx + dy * dy)
        for channel in 0..<3 { gain[(y * width + x) * 3 + channel] = UInt8(level * (channel == 2 ? 126 : 128)) }
      }
    }
    return gain
  }
}
