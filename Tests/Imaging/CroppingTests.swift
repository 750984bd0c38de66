import Imaging
import Testing

@Suite struct CroppingTests {
  static let formats = PixelFormat.allCases.filter { $0 != .mjpeg }

  private func withView<Result>(_ frame: PreparationOracle, _ body: (ImageView) throws -> Result) rethrows -> Result {
    try unsafe frame.bytes.withUnsafeBytes { bytes in
      try body(
        unsafe ImageView(
          format: frame.format, encoding: frame.encoding, balance: frame.balance, width: frame.width, height: frame.height, bytesPerLine: frame.bytesPerLine,
          bytes: bytes))
    }
  }

  private func pixels(of view: ImageView) throws -> [Float] {
    let preparation = try ImagePreparation(
      settings: .init(width: view.width, height: view.height, fit: .stretch),
      target: .init(elementType: .float32, dimensions: [1, view.height, view.width, 3]))
    var tensor = [Float](repeating: -1, count: 3 * view.width * view.height)
    let outcome = unsafe tensor.withUnsafeMutableBytes { unsafe preparation.prepare(view, into: $0) }
    #expect(outcome == .prepared)
    return tensor
  }

  @Test(
    arguments: formats,
    [PixelRectangle(x: 5, y: 3, width: 9, height: 6), .init(x: -4, y: -9, width: 12, height: 15), .init(x: 17, y: 9, width: 500, height: .max)])
  func `a part shows what the whole shows there`(format: PixelFormat, rectangle: PixelRectangle) throws {
    let frame = randomFrame(format, .bt601Limited, width: 30, height: 18, extraBytesPerLine: format == .i420 ? 2 : 5)
    try withView(frame) { whole in
      let (part, x, y) = try #require(whole.cropped(to: rectangle))
      #expect(part.fault == nil)
      #expect(x <= max(rectangle.x, 0) && y <= max(rectangle.y, 0) && x > rectangle.x - 4 && y > rectangle.y - 2)
      #expect(x + part.width >= min(rectangle.x &+ rectangle.width, 30) && part.width <= 30 && part.height <= 18)
      let (all, some) = (try pixels(of: whole), try pixels(of: part))
      // At the part's edges a sensor's colours are interpolated from other neighbours.
      for row in 1..<part.height - 1 {
        let start = 3 * ((y + row) * 30 + x + 1)
        let length = 3 * (part.width - 2)
        #expect(Array(all[start..<start + length]) == Array(some[3 * (row * part.width + 1)..<3 * (row * part.width + 1) + length]))
      }
    }
  }

  @Test(arguments: [
    PixelRectangle(x: 30, y: 0, width: 5, height: 5), .init(x: 0, y: 18, width: 5, height: 5), .init(x: 3, y: 3, width: 0, height: 5),
    .init(x: 3, y: 3, width: 5, height: -2), .init(x: -9, y: 0, width: 9, height: 5),
  ])
  func `nothing is the part of what lies outside`(rectangle: PixelRectangle) {
    let frame = randomFrame(.yuyv, .bt601Limited, width: 30, height: 18)
    #expect(withView(frame) { $0.cropped(to: rectangle) == nil })
  }

  @Test func `a short frame has no parts`() {
    var frame = randomFrame(.nv12, .bt601Limited, width: 30, height: 18)
    frame.bytes.removeLast()
    #expect(withView(frame) { $0.cropped(to: .init(x: 0, y: 0, width: 4, height: 4)) == nil })
  }
}
