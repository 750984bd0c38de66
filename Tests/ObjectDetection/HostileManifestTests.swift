import ModelManifest
import ObjectDetection
import Tensors
import Testing

/// Manifests whose numbers no model has: refused with a reason, without a trap.
@Suite struct HostileManifestTests {
  @Test(arguments: [(Int.max / 2, Int.max / 2), (1 << 40, 1 << 40), (65537, 64), (-64, 64)])
  func `an input of impossible size is refused`(_ width: Int, _ height: Int) {
    let error = #expect(throws: ObjectDetectionError.self) {
      try DetectionDecoder(
        decoding: .yolox(YOLOXDecoding(output: "y", strides: [1])), labelCount: 0, inputWidth: width, inputHeight: height, outputs: [output("y", [1, 4, 6])])
    }
    #expect(error?.code == .invalidDecoding)
  }

  @Test func `a label offset beyond all integers is refused`() {
    let error = #expect(throws: ObjectDetectionError.self) {
      try DetectionDecoder(
        decoding: .classification(ClassificationDecoding(output: "y", labelOffset: .max)), labelCount: 3, inputWidth: 8, inputHeight: 8,
        outputs: [output("y", [1, 4])])
    }
    #expect(error?.code == .unsuitableOutput)
  }

  @Test func `scores that are no numbers are no results`() throws {
    let decoder = try DetectionDecoder(
      decoding: .classification(ClassificationDecoding(output: "y", appliesSoftmax: false)), labelCount: 0, inputWidth: 8, inputHeight: 8,
      outputs: [output("y", [1, 4])])
    decoder.decode([[Float.infinity, .nan, 0.5, -.infinity]], mapping: identity)
    #expect(decoder.detections.map(\.label) == [2])
  }
}
