import Imaging

/// Image preparation written as plainly as possible, in floating point: what `ImagePreparation` is compared with.
struct PreparationOracle {
  let format: PixelFormat
  let encoding: ColourEncoding
  let width: Int
  let height: Int
  let bytesPerLine: Int
  let bytes: [UInt8]

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
    }
  }

  /// Luminance of a pixel, 0…255, rounded.
  func grey(_ x: Int, _ y: Int) -> Double {
    let line = y * bytesPerLine
    switch format {
    case .rgb24, .bgr24:
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
