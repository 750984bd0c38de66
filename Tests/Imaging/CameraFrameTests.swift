import Imaging
import Testing

@Suite struct CameraFrameTests {
  /// Two by two pixels have one colour each, so that sharing chroma between neighbours loses nothing.
  private static let image: RGBImage = {
    let colours: [[UInt8]] = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [250, 240, 20], [0, 0, 0], [255, 255, 255], [90, 90, 90], [12, 200, 180]]
    var pixels: [UInt8] = []
    for y in 0..<4 {
      for x in 0..<8 { pixels += colours[y / 2 * 4 + x / 2] }
    }
    return RGBImage(width: 8, height: 4, pixels: pixels)
  }()

  @Test func `an image repeated as YUYV is read back as it was`() {
    let bytes = Self.image.repeatedAsYUYV(width: 20, height: 6)
    #expect(bytes.count == 2 * 20 * 6)
    let oracle = PreparationOracle(format: .yuyv, encoding: .bt601Limited, width: 20, height: 6, bytesPerLine: 40, bytes: bytes)
    for y in 0..<6 {
      for x in 0..<20 {
        let start = 3 * (y % 4 * 8 + x % 8)
        for (component, read) in oracle.colour(x, y).enumerated() {
          #expect(abs(read - Double(Self.image.pixels[start + component])) <= 3, "component \(component) of pixel \(x), \(y)")
        }
      }
    }
  }
}
