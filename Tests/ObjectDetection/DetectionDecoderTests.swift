import Imaging
import ModelFormat
import ModelManifest
import ObjectDetection
import Tensors
import Testing

/// An output tensor in its declared layout.
func output(_ name: String, _ dimensions: [Int], _ type: ElementType = .float32, _ quantisation: Quantisation? = nil) -> ModelOutput {
  ModelOutput(
    port: Port(name: name, tensor: 0, declaredType: type, declaredDimensions: dimensions, permutation: Array(0..<dimensions.count)),
    tensor: TensorDescription(name: name, elementType: type, dimensions: dimensions, quantisation: quantisation, storage: .arena(offset: 0)))
}

extension DetectionDecoder {
  func decode(_ tensors: [[Float]], mapping: FrameMapping, threshold: Float? = nil) {
    let bytes = tensors.map { HostTensor($0, dimensions: [$0.count]).bytes }
    decode(bytes, mapping: mapping, threshold: threshold)
  }

  func decode(_ tensors: [[UInt8]], mapping: FrameMapping, threshold: Float? = nil) {
    let held = unsafe tensors.map { bytes in
      let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
      unsafe copy.copyBytes(from: bytes)
      return unsafe copy
    }
    defer { unsafe held.forEach { unsafe $0.deallocate() } }
    unsafe decode(mapping: mapping, threshold: threshold) { unsafe UnsafeRawBufferPointer(held[$0]) }
  }
}

let identity = FrameMapping(frameWidth: 64, frameHeight: 64, scaleX: 1, scaleY: 1, offsetX: 0, offsetY: 0)

@Suite struct SSDDecodingTests {
  /// Boxes in pixels with one score a class, no background.
  static func detections(
    _ boxes: [ScoredBox], _ suppression: Suppression, mapping: FrameMapping = identity
  ) throws -> DetectionDecoder {
    let classes = boxes[0].scores.count
    let decoder = try DetectionDecoder(
      decoding: .ssd(SSDDecoding(scores: "s", boxes: "b", isNormalised: false, backgroundClass: nil, suppression: suppression)), labelCount: classes,
      inputWidth: 64, inputHeight: 64, outputs: [output("b", [1, boxes.count, 4]), output("s", [1, boxes.count, classes])])
    decoder.decode([boxes.flatMap { [$0.x1, $0.y1, $0.x2, $0.y2] }, boxes.flatMap(\.scores)], mapping: mapping)
    return decoder
  }

  typealias ScoredBox = (x1: Float, y1: Float, x2: Float, y2: Float, scores: [Float])

  /// Boxes side by side.
  static func row(of count: Int, score: (Float) -> Float) -> [ScoredBox] {
    (0..<count).map { index in
      let x = Float(7 * index)
      return (x, 0, x + 5, 5, [score(Float(index))])
    }
  }

  @Test func `a better box suppresses its duplicates and no more`() throws {
    let decoder = try Self.detections(
      [(0, 0, 10, 10, [0.8]), (1, 0, 11, 10, [0.9]), (30, 30, 40, 40, [0.7]), (0, 0, 10, 4, [0.6]), (0, 0, 1, 1, [0.2])],
      Suppression(scoreThreshold: 0.3, overlapThreshold: 0.5))
    #expect(decoder.detections.map(\.score) == [0.9, 0.7, 0.6])
    #expect(decoder.detections[0].box == Box(x: 1, y: 0, width: 10, height: 10))
  }

  @Test func `an overlap of exactly the threshold stays`() throws {
    // Common 50 of 100 together.
    let boxes: [ScoredBox] = [(0, 0, 10, 10, [0.9]), (0, 0, 10, 5, [0.8])]
    #expect(try Self.detections(boxes, Suppression(overlapThreshold: 0.5)).detections.count == 2)
    #expect(try Self.detections(boxes, Suppression(overlapThreshold: 0.49)).detections.count == 1)
  }

  @Test func `a suppressed box suppresses nothing`() throws {
    // Each overlaps the next by 7 of 13; the first and the third barely.
    let decoder = try Self.detections(
      [(0, 0, 10, 10, [0.9]), (3, 0, 13, 10, [0.8]), (6, 0, 16, 10, [0.7])], Suppression(overlapThreshold: 0.5))
    #expect(decoder.detections.map(\.score) == [0.9, 0.7])
  }

  @Test func `classes suppress each other only where that is asked for`() throws {
    let boxes: [ScoredBox] = [(0, 0, 10, 10, [0.9, 0.0]), (0, 0, 10, 10, [0.1, 0.8])]
    #expect(try Self.detections(boxes, Suppression()).detections.map(\.label) == [0, 1])
    #expect(try Self.detections(boxes, Suppression(isClassWise: false)).detections.map(\.label) == [0])
  }

  @Test func `the limit keeps the best and counts the rest`() throws {
    let boxes = Self.row(of: 9) { 0.4 + 0.05 * $0 }
    let decoder = try Self.detections(boxes, Suppression(limit: 3))
    #expect(decoder.detections.map { $0.box.x } == [56, 49, 42])
    #expect(decoder.droppedDetectionCount == 6)
  }

  @Test func `equal scores keep their order`() throws {
    let boxes = Self.row(of: 9) { _ in 0.5 }
    #expect(try Self.detections(boxes, Suppression()).detections.map { $0.box.x } == (0..<9).map { Float(7 * $0) })
  }

  @Test func `boxes are mapped to the frame and clipped`() throws {
    let mapping = FrameMapping(frameWidth: 100, frameHeight: 50, scaleX: 2, scaleY: 2, offsetX: 0, offsetY: 19.5)
    let decoder = try Self.detections(
      [(10, 29.5, 20, 34.5, [0.9]), (40, 10, 60, 60, [0.8]), (0, 0, 64, 19, [0.7])], Suppression(), mapping: mapping)
    #expect(decoder.detections.map(\.box) == [Box(x: 20, y: 20, width: 20, height: 10), Box(x: 80, y: 0, width: 20, height: 50)])
  }

  @Test func `numbers that are none are dropped`() throws {
    let decoder = try Self.detections(
      [(.nan, 0, 10, 10, [0.9]), (0, 0, .infinity, 10, [0.9]), (0, 0, 10, 10, [.nan]), (5, 5, 5, 9, [0.9]), (1, 1, 2, 2, [0.5])], Suppression())
    #expect(decoder.detections.map(\.score) == [0.5])
  }

  @Test func `centre boxes, a background class, softmax and 8-bit outputs are read`() throws {
    let scores = Quantisation(scale: 0.1, zeroPoint: 0)
    let boxes = Quantisation(scale: 1 / 128, zeroPoint: 0)
    let decoder = try DetectionDecoder(
      decoding: .ssd(SSDDecoding(scores: "s", boxes: "b", boxFormat: .centre, backgroundClass: 1, activation: .softmax)), labelCount: 2, inputWidth: 64,
      inputHeight: 32, outputs: [output("s", [1, 2, 3], .int8, scores), output("b", [1, 2, 4], .uint8, boxes)])
    decoder.decode(
      [[0, 0, 30, 0, 30, 0].map { UInt8(bitPattern: Int8($0)) }, [64, 64, 32, 64, 0, 0, 9, 9]],
      mapping: FrameMapping(
        frameWidth: 64, frameHeight: 32, scaleX: 1, scaleY: 1, offsetX: 0, offsetY: 0))
    #expect(decoder.detections.count == 1)
    let found = try #require(decoder.detections.first)
    #expect(found.label == 1 && abs(found.score - 0.9094) < 1e-3)
    #expect(found.box == Box(x: 24, y: 8, width: 16, height: 16))
  }
}
