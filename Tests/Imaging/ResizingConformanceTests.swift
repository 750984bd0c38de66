import Foundation
import Imaging
import Testing

@Suite struct ResizingConformanceTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden")

  /// Pictures resized by OpenCV (`Tests/Conformance/make_vision_cases.py`).
  @Test(arguments: [(41, 15), (64, 24), (100, 50), (20, 9), (7, 60)]) func `resizing is OpenCV's, within one level`(width: Int, height: Int) throws {
    let picture = try RGBImage(contentsOf: Self.folder.appendingPathComponent("picture.ppm").path)
    let expected = try RGBImage(contentsOf: Self.folder.appendingPathComponent("resized_\(width)x\(height).ppm").path)
    let preparation = try ImagePreparation(
      settings: .init(width: width, height: height, fit: .stretch), target: .init(elementType: .float32, dimensions: [1, height, width, 3]))
    var tensor = [Float](repeating: 0, count: 3 * width * height)
    let outcome = picture.withView { view in unsafe tensor.withUnsafeMutableBytes { unsafe preparation.prepare(view, into: $0) } }
    #expect(outcome == .prepared)
    let differences = zip(tensor, expected.pixels).map { abs($0 - Float($1)) }
    #expect(differences.max() ?? 0 <= 1)
    #expect(differences.count { $0 > 0 } * 20 < differences.count * 3)
  }
}
