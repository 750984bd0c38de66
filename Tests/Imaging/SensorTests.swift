import Imaging
import Tensors
import Testing

/// What cameras without an image processor send. That every layout of samples is read as plain arithmetic reads it is among the tests of all
/// formats.
@Suite struct SensorTests {
  static let formats = SensorSamples.all.map { PixelFormat.sensor($0) }

  @Test(arguments: formats, [SensorBalance(blackLevel: 37, red: 1.9, green: 1, blue: 1.55), SensorBalance(blackLevel: 200, red: 0.25, green: 16, blue: 0.7)])
  func `black level and gains agree with plain arithmetic`(format: PixelFormat, balance: SensorBalance) throws {
    var frame = randomFrame(format, .bt601Full, width: 38, height: 9, extraBytesPerLine: 7)
    frame.balance = balance
    let (tensor, _) = try prepare(frame, .init(width: 38, height: 9, fit: .stretch))
    var worst = 0.0
    for y in 0..<9 {
      for x in 0..<38 {
        for (channel, expected) in frame.colour(x, y).enumerated() {
          worst = max(worst, abs(Double(tensor[3 * (y * 38 + x) + channel]) - expected))
        }
      }
    }
    // The mean of four samples is rounded before the gain of sixteen in neither, so that one step is all they differ by.
    #expect(worst <= 1)
  }

  @Test(arguments: [SensorPattern.rggb, .grbg, .gbrg, .bggr])
  func `a flat colour behind any filter array is that colour everywhere`(pattern: SensorPattern) throws {
    guard let samples = SensorSamples.all.first(where: { $0.pattern == pattern && $0.bits == 12 && $0.packing == .words }) else {
      Issue.record("no 12 bits of \(pattern)")
      return
    }
    let levels = [3200, 1600, 800]
    let quad: [Int] =
      switch pattern {
      case .none: []
      case .rggb: [0, 1, 1, 2]
      case .grbg: [1, 0, 2, 1]
      case .gbrg: [1, 2, 0, 1]
      case .bggr: [2, 1, 1, 0]
      }
    let (width, height) = (11, 7)
    let bytes = (0..<height).flatMap { y in
      (0..<width).flatMap { x in
        let level = levels[quad[y % 2 * 2 + x % 2]]
        return [UInt8(level & 255), UInt8(level >> 8)]
      }
    }
    let frame = PreparationOracle(format: .sensor(samples), encoding: .bt601Full, width: width, height: height, bytesPerLine: 2 * width, bytes: bytes)
    let (tensor, _) = try prepare(frame, .init(width: width, height: height, fit: .stretch))
    #expect(tensor == (0..<width * height).flatMap { _ in [Float(200), 100, 50] })
  }

  @Test(arguments: [(1, 8), (8, 1)])
  func `a filter array of one row or column has no colours`(width: Int, height: Int) throws {
    for samples in SensorSamples.all {
      let frame = randomFrame(.sensor(samples), .bt601Full, width: width, height: height)
      let preparation = try ImagePreparation(settings: .init(width: 8, height: 8), target: .init(elementType: .float32, dimensions: [1, 8, 8, 3]))
      var tensor = [Float](repeating: 5, count: 192)
      let outcome = preparation.prepare(frame.bytes, frame.format, width: width, height: height, bytesPerLine: frame.bytesPerLine, into: &tensor)
      #expect(outcome == (samples.pattern == .none ? .prepared : .impossibleGeometry))
    }
  }

  @Test func `names are V4L2's, and no two formats share one`() {
    let names = PixelFormat.allCases.map(\.name)
    #expect(Set(names).count == names.count)
    for name in ["SRGGB8", "SBGGR10", "SGRBG10P", "SGBRG12", "SRGGB12P", "SBGGR16", "Y10", "Y12P", "Y16"] { #expect(names.contains(name)) }
  }
}
