import Imaging

/// Image preparation written as plainly as possible, in floating point: what `ImagePreparation` is compared with.
struct PreparationOracle {
  let format: PixelFormat
  let encoding: ColourEncoding
  let width: Int
  let height: Int
  let bytesPerLine: Int
  var bytes: [UInt8]
  var balance = SensorBalance.none

  /// Red, green and blue of a pixel, 0…255, rounded.
  func colour(_ x: Int, _ y: Int) -> [Double] {
    let line = y * bytesPerLine
    let luma = bytesPerLine * height
    let half = bytesPerLine / 2
    let chromaRows = (height + 1) / 2
    switch format {
    case .rgb24: return (0..<3).map { Double(bytes[line + 3 * x + $0]) }
    case .bgr24: return (0..<3).map { Double(bytes[line + 3 * x + 2 - $0]) }
    case .grey: return [Double](repeating: Double(bytes[line + x]), count: 3)
    case .yuyv: return convert(bytes[line + 2 * x], bytes[line + x / 2 * 4 + 1], bytes[line + x / 2 * 4 + 3])
    case .uyvy: return convert(bytes[line + 2 * x + 1], bytes[line + x / 2 * 4], bytes[line + x / 2 * 4 + 2])
    case .nv12:
      let at = luma + y / 2 * bytesPerLine + x / 2 * 2
      return convert(bytes[line + x], bytes[at], bytes[at + 1])
    case .nv21:
      let at = luma + y / 2 * bytesPerLine + x / 2 * 2
      return convert(bytes[line + x], bytes[at + 1], bytes[at])
    case .i420:
      let at = luma + y / 2 * half + x / 2
      return convert(bytes[line + x], bytes[at], bytes[at + half * chromaRows])
    case .mjpeg: return []
    case .sensor(let samples): return (0..<3).map { balanced(interpolated($0, x, y, samples), $0, samples) }
    }
  }

  /// Luminance of a pixel, 0…255, rounded.
  func grey(_ x: Int, _ y: Int) -> Double {
    let line = y * bytesPerLine
    switch format {
    case .sensor(let samples) where samples.pattern == .none: return colour(x, y)[1]
    case .rgb24, .bgr24, .sensor:
      let c = colour(x, y)
      return (0.299 * c[0] + 0.587 * c[1] + 0.114 * c[2]).rounded()
    case .grey: return Double(bytes[line + x])
    case .yuyv: return stretched(bytes[line + 2 * x])
    case .uyvy: return stretched(bytes[line + 2 * x + 1])
    case .nv12, .nv21, .i420: return stretched(bytes[line + x])
    case .mjpeg: return 0
    }
  }

  /// One value of the resized image, by textbook bilinear interpolation with repeated edges.
  func resized(_ x: Int, _ y: Int, toWidth: Int, toHeight: Int, _ sample: (Int, Int) -> Double) -> Double {
    func position(_ at: Int, _ from: Int, _ to: Int) -> (Int, Int, Double) {
      let exact = (Double(at) + 0.5) * Double(from) / Double(to) - 0.5
      let clamped = min(max(exact, 0), Double(from - 1))
      let low = Int(clamped)
      return (low, min(low + 1, from - 1), clamped - Double(low))
    }
    let (x0, x1, fx) = position(x, width, toWidth)
    let (y0, y1, fy) = position(y, height, toHeight)
    let upper = sample(x0, y0) * (1 - fx) + sample(x1, y0) * fx
    let lower = sample(x0, y1) * (1 - fx) + sample(x1, y1) * fx
    return upper * (1 - fy) + lower * fy
  }

  /// What a sensor's filter at a pixel lets through: 0 red, 1 green, 2 blue.
  private func filter(_ x: Int, _ y: Int, _ pattern: SensorPattern) -> Int {
    let quad: [Int] =
      switch pattern {
      case .none: [1, 1, 1, 1]
      case .rggb: [0, 1, 1, 2]
      case .grbg: [1, 0, 2, 1]
      case .gbrg: [1, 2, 0, 1]
      case .bggr: [2, 1, 1, 0]
      }
    return quad[(y & 1) * 2 + (x & 1)]
  }

  /// The mean of a colour's samples nearest to a pixel; the picture is mirrored at its edges.
  private func interpolated(_ colour: Int, _ x: Int, _ y: Int, _ samples: SensorSamples) -> Double {
    if samples.pattern == .none || filter(x, y, samples.pattern) == colour { return Double(sample(x, y, samples)) }
    var found: [Double] = []
    for dy in -1...1 {
      for dx in -1...1 where filter(x + dx & 1, y + dy & 1, samples.pattern) == colour {
        found.append(Double(sample(mirrored(x + dx, width), mirrored(y + dy, height), samples)))
      }
    }
    return found.reduce(0, +) / Double(found.count)
  }

  private func mirrored(_ position: Int, _ count: Int) -> Int { position < 0 ? -position : position >= count ? 2 * count - 2 - position : position }

  private func sample(_ x: Int, _ y: Int, _ samples: SensorSamples) -> Int {
    let line = y * bytesPerLine
    switch samples.packing {
    case .bytes: return Int(bytes[line + x])
    case .words: return (Int(bytes[line + 2 * x]) + 256 * Int(bytes[line + 2 * x + 1])) % (1 << samples.bits)
    case .csi2:
      let (together, spare) = samples.bits == 10 ? (4, 2) : (2, 4)
      let group = line + x / together * (together + 1)
      return Int(bytes[group + x % together]) << spare + Int(bytes[group + together]) >> (spare * (x % together)) % (1 << spare)
    }
  }

  private func balanced(_ value: Double, _ colour: Int, _ samples: SensorSamples) -> Double {
    let gain = Double([balance.red, balance.green, balance.blue][samples.pattern == .none ? 1 : colour]) / 256
    return min(max(((value - Double(balance.blackLevel)) * gain / Double(1 << (samples.bits - 8))).rounded(.down), 0), 255)
  }

  private var isLimited: Bool { encoding == .bt601Limited || encoding == .bt709Limited }

  private func stretched(_ y: UInt8) -> Double {
    isLimited ? min(max(((Double(y) - 16) * 255 / 219).rounded(), 0), 255) : Double(y)
  }

  private func convert(_ y: UInt8, _ u: UInt8, _ v: UInt8) -> [Double] {
    let (kr, kb) = encoding == .bt601Limited || encoding == .bt601Full ? (0.299, 0.114) : (0.2126, 0.0722)
    let kg = 1 - kr - kb
    let luma = isLimited ? (Double(y) - 16) * 255 / 219 : Double(y)
    let stretch = isLimited ? 255.0 / 224 : 1
    let pb = (Double(u) - 128) * stretch
    let pr = (Double(v) - 128) * stretch
    let red = luma + 2 * (1 - kr) * pr
    let blue = luma + 2 * (1 - kb) * pb
    let green = luma - 2 * kb * (1 - kb) / kg * pb - 2 * kr * (1 - kr) / kg * pr
    return [red, green, blue].map { min(max($0.rounded(), 0), 255) }
  }
}
