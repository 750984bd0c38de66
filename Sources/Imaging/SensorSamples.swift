/// The colours of the filters over a sensor's first two pixels, and over those of the row below; Bayer's array.
public enum SensorPattern: UInt8, Sendable, CaseIterable {
  /// No filters: luminance alone
  case none
  case rggb
  case grbg
  case gbrg
  case bggr
}

/// How a raw sensor's samples lie in memory, one a pixel.
public struct SensorSamples: Hashable, Sendable {
  public enum Packing: UInt8, Sendable {
    /// 8 bits, a byte each
    case bytes
    /// the lower bits of a little-endian 16-bit word each
    case words
    /// 10 or 12 bits as MIPI CSI-2 sends them: the upper bytes of four (two) samples, then a byte of their lower bits
    case csi2
  }

  public let pattern: SensorPattern
  public let packing: Packing
  /// 8, 10, 12, 14 or 16
  public let bits: Int

  private init(_ pattern: SensorPattern, _ packing: Packing, _ bits: Int) {
    self.pattern = pattern
    self.packing = packing
    self.bits = bits
  }

  /// All that are read, the cheapest first; luminance in bytes is `PixelFormat.grey`.
  public static let all: [SensorSamples] = SensorPattern.allCases.flatMap { pattern in
    (pattern == .none ? [] : [SensorSamples(pattern, .bytes, 8)]) + [10, 12, 14, 16].map { SensorSamples(pattern, .words, $0) }
      + [10, 12].map { SensorSamples(pattern, .csi2, $0) }
  }

  /// V4L2's name: `SRGGB10P`, `Y12`.
  public var name: String {
    let start =
      switch pattern {
      case .none: "Y"
      case .rggb: "SRGGB"
      case .grbg: "SGRBG"
      case .gbrg: "SGBRG"
      case .bggr: "SBGGR"
      }
    return "\(start)\(bits)\(packing == .csi2 ? "P" : "")"
  }

  func bytesPerRow(width: Int) -> Int {
    switch packing {
    case .bytes: width
    case .words: 2 * width
    case .csi2: bits == 10 ? (width + 3) / 4 * 5 : (width + 1) / 2 * 3
    }
  }
}

/// What makes a raw sensor's samples a picture: value = (sample − black level) × gain. Sensors see green better than red and blue,
/// and give something in the dark, too; an image processor that corrects both stands between most cameras and us, but not all.
public struct SensorBalance: Hashable, Sendable {
  /// What the sensor gives in the dark, as a sample: below the greatest that its bits allow.
  public var blackLevel: Int
  /// Gains of red, green and blue in 256ths: 64…4096 (a quarter to sixteen times).
  public var red: Int
  public var green: Int
  public var blue: Int

  /// The samples as they are.
  public static let none = SensorBalance(blackLevel: 0, red: 1, green: 1, blue: 1)

  /// - Parameters: `red`, `green`, `blue` as factors; those out of range are held to it.
  public init(blackLevel: Int, red: Double, green: Double, blue: Double) {
    func fixed(_ gain: Double) -> Int { gain.isFinite ? Int(min(max(gain * 256, 64), 4096).rounded()) : 256 }
    self.blackLevel = min(max(blackLevel, 0), 65_535)
    self.red = fixed(red)
    self.green = fixed(green)
    self.blue = fixed(blue)
  }
}
