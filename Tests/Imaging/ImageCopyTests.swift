import CAllocationCounter
import Imaging
import Testing

@Suite struct ImageCopyTests {
  private func bytes(_ plane: ImageView.Plane?) -> [UInt8]? {
    plane.map { plane in unsafe Array(UnsafeBufferPointer(start: plane.base, count: plane.byteCount)) }
  }

  /// An NV12 image of 4 by 2 pixels with a gap after each row, its planes in one buffer.
  private func withImage(_ seed: UInt8, _ body: (ImageView) -> Void) {
    let pixels = (0..<18).map { UInt8($0) &+ seed }
    unsafe pixels.withUnsafeBufferPointer { pixels in
      let base = pixels.baseAddress!
      let planes = unsafe (
        ImageView.Plane(base: base, byteCount: 12, bytesPerLine: 6), ImageView.Plane(base: base + 12, byteCount: 6, bytesPerLine: 6),
        nil as ImageView.Plane?
      )
      body(ImageView(format: .nv12, encoding: .bt709Limited, width: 4, height: 2, planes: planes))
    }
  }

  @Test func `it has the image's planes after the image is gone, and what came last`() {
    let copy = ImageCopy(byteCount: 18)
    for seed: UInt8 in [0, 100] {
      withImage(seed) {
        #expect(ImageCopy.byteCount(of: $0) == 18)
        #expect(copy.take($0))
      }
    }
    let view = copy.view
    #expect(view.format == .nv12 && view.encoding == .bt709Limited && view.width == 4 && view.height == 2)
    #expect(bytes(view.planes.0) == (100..<112).map { UInt8($0) } && view.planes.0.bytesPerLine == 6)
    #expect(bytes(view.planes.1) == (112..<118).map { UInt8($0) } && view.planes.1?.bytesPerLine == 6)
    #expect(view.planes.2 == nil)
  }

  @Test func `what it has no room for it leaves`() {
    let copy = ImageCopy(byteCount: 17)
    withImage(0) { #expect(!copy.take($0)) }
    #expect(copy.view.width == 0)
  }

  @Test(.enabled(if: allocation_counter_works())) func `taking an image allocates nothing`() {
    let copy = ImageCopy(byteCount: 18)
    withImage(0) { view in
      _ = copy.take(view)
      let before = allocation_count()
      _ = copy.take(view)
      let allocations = allocation_count() - before
      #expect(allocations == 0)
    }
  }
}
