@testable import Capture
import Pipelines
import Testing

@Suite struct JPEGHeaderTests {
  private func size(_ bytes: [UInt8]) -> [Int]? {
    unsafe bytes.withUnsafeBufferPointer { unsafe JPEGHeader.size(of: $0) }.map { [$0.width, $0.height] }
  }

  @Test func `the frame header's size is found behind other segments`() {
    #expect(size(jpegHead(width: 1920, height: 1080, filler: 40)) == [1920, 1080])
    #expect(size([0xFF, 0xD8, 0xFF, 0xFF, 0xFF] + jpegHead(width: 3, height: 2)[2...]) == [3, 2])
  }

  @Test func `a header cut anywhere has no size, and never reads beyond its bytes`() {
    let whole = jpegHead(width: 64, height: 48, filler: 5)
    for length in 0..<whole.count { #expect(size(Array(whole[..<length])) == nil) }
  }

  @Test func `random bytes behind a start of image are borne`() {
    var random = SeededRandom(seed: 11, index: 0)
    for _ in 0..<2000 {
      let tail = (0..<random.below(64)).map { _ in random.below(3) == 0 ? 0xFF : UInt8(random.below(256)) }
      if let found = size([0xFF, 0xD8] + tail) { #expect(found.allSatisfy { $0 > 0 && $0 < 65_536 }) }
    }
  }
}
