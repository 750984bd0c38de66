import CAllocationCounter
import Imaging
import ModelFormat
import ModelManifest
import Tensors
import SharedData
import Testing

@testable import ObjectDetection

private func headOutput(_ name: String, _ dimensions: [Int], _ type: ElementType = .float32) -> ModelOutput { output(name, dimensions, type) }

@Suite struct YOLOXDecodingTests {
  /// Two strides on 64 × 32 pixels: 8 × 4 cells, then 4 × 2.
  static func decoder(
    classes: Int = 3, appliesSigmoid: Bool = false, type: ElementType = .float32, quantisation: Quantisation? = nil, suppression: Suppression = Suppression(),
    permutation: [Int] = [0, 1, 2]
  ) throws -> DetectionDecoder {
    let declared = [1, 40, 5 + classes]
    let port = Port(name: "out", tensor: 0, declaredType: type, declaredDimensions: declared, permutation: permutation)
    let tensor = TensorDescription(
      name: "out", elementType: type, dimensions: permutation.map { declared[$0] }, quantisation: quantisation, storage: .arena(offset: 0))
    return try DetectionDecoder(
      decoding: .yolox(YOLOXDecoding(output: "out", strides: [8, 16], appliesSigmoid: appliesSigmoid, suppression: suppression)), labelCount: classes,
      inputWidth: 64, inputHeight: 32, outputs: [ModelOutput(port: port, tensor: tensor)])
  }

  static let frame = FrameMapping(frameWidth: 64, frameHeight: 32, scaleX: 1, scaleY: 1, offsetX: 0, offsetY: 0)

  /// An output with nothing in it but the given cells.
  static func output(_ cells: [Int: [Float]], classes: Int = 3, empty: Float = 0) -> [Float] {
    (0..<40).flatMap { cells[$0] ?? [Float](repeating: empty, count: 5 + classes) }
  }

  @Test func `cells become boxes by their column, row and stride`() throws {
    let decoder = try Self.decoder()
    // Cell 10 is column 2, row 1 of stride 8; cell 37 column 1, row 1 of stride 16.
    decoder.decode([Self.output([10: [0.5, 0.25, 0, 0, 0.8, 0.1, 1, 0.2], 37: [0, 0, 0.6931472, -0.6931472, 1, 0.9, 0, 0]])], mapping: Self.frame)
    #expect(decoder.detections.map(\.label) == [0, 1])
    #expect(zip(decoder.detections.map(\.score), [0.9, 0.8]).allSatisfy { abs($0 - $1) < 1e-6 })
    let boxes = decoder.detections.map(\.box)
    #expect(abs(boxes[0].x - 0) < 1e-4 && abs(boxes[0].y - 12) < 1e-4 && abs(boxes[0].width - 32) < 1e-4 && abs(boxes[0].height - 8) < 1e-4)
    #expect(boxes[1] == Box(x: 16, y: 6, width: 8, height: 8))
  }

  @Test func `a threshold for one call goes before the recipe's`() throws {
    let decoder = try Self.decoder(suppression: Suppression(scoreThreshold: 0.5))
    let tensor = Self.output([3: [0, 0, 0, 0, 0.5, 0.8, 0, 0], 30: [0, 0, 0, 0, 0.9, 0, 0.9, 0]])
    decoder.decode([tensor], mapping: Self.frame)
    #expect(decoder.detections.count == 1)
    decoder.decode([tensor], mapping: Self.frame, threshold: 0.1)
    #expect(decoder.detections.count == 2)
    decoder.decode([tensor], mapping: Self.frame, threshold: 0.95)
    #expect(decoder.detections.isEmpty)
  }

  @Test func `logits go through the sigmoid`() throws {
    let decoder = try Self.decoder(appliesSigmoid: true)
    decoder.decode([Self.output([0: [0, 0, 0, 0, 2, -1, 3, 1]], empty: -20)], mapping: Self.frame)
    #expect(decoder.detections.map(\.label) == [1])
    #expect(abs(decoder.detections[0].score - 0.8807971 * 0.9525741) < 1e-5)
  }

  @Test func `8-bit outputs and transposed tensors decode as float ones do`() throws {
    let quantisation = Quantisation(scale: 1 / 64, zeroPoint: -20)
    let cells: [Int: [Float]] = [10: [0.5, 0.25, 0, 0.5, 1, 0.125, 0.75, 0.25], 37: [0, 0, 0.25, -0.5, 0.5, 1, 0, 0]]
    let tensor = Self.output(cells)
    let float = try Self.decoder()
    float.decode([tensor], mapping: Self.frame)
    #expect(float.detections.count == 2)
    let eight = try Self.decoder(type: .int8, quantisation: quantisation)
    eight.decode([tensor.map { UInt8(truncatingIfNeeded: quantisation.quantised($0, in: -128...127)) }], mapping: Self.frame)
    #expect(eight.detections == float.detections)
    let transposed = try Self.decoder(permutation: [0, 2, 1])
    transposed.decode([(0..<8).flatMap { column in (0..<40).map { tensor[$0 * 8 + column] } }], mapping: Self.frame)
    #expect(transposed.detections == float.detections)
  }

  @Test func `absurd numbers bring no detection`() throws {
    let decoder = try Self.decoder()
    let cells: [Int: [Float]] = [
      0: [.nan, 0, 0, 0, 1, 1, 1, 1], 1: [0, 0, 1000, 0, 1, 1, 1, 1], 2: [0, 0, 0, 0, .nan, 1, 1, 1], 3: [0, 0, 0, 0, 1, .nan, 1, 1],
      4: [.infinity, 0, 0, 0, 1, 1, 0, 0], 5: [0, 0, -1000, 0, 1, 1, 0, 0],
    ]
    decoder.decode([Self.output(cells)], mapping: Self.frame)
    #expect(decoder.detections.allSatisfy { $0.score <= 1 && $0.box.width > 0 && $0.box.x >= 0 && $0.box.x + $0.box.width <= 64 })
    #expect(decoder.detections.count <= 1)
  }

  @Test func `an output that doesn't fit the recipe is refused in words`() {
    func message(_ decoding: YOLOXDecoding, labels: Int = 80, _ outputs: [ModelOutput], side: Int = 416) -> String {
      do throws(ObjectDetectionError) {
        _ = try DetectionDecoder(decoding: .yolox(decoding), labelCount: labels, inputWidth: side, inputHeight: side, outputs: outputs)
      } catch {
        return error.message
      }
      return ""
    }
    let good = YOLOXDecoding(output: "output")
    #expect(message(good, [headOutput("output", [1, 3549, 85])]).isEmpty)
    #expect(message(good, [headOutput("heads", [1, 3549, 85])]).contains("heads"))
    #expect(message(good, [headOutput("output", [3549])]).contains("[1, cells, 5 + classes]"))
    #expect(message(good, [headOutput("output", [2, 3549, 85])]).contains("[2, 3549, 85]"))
    #expect(message(good, [headOutput("output", [1, 8400, 85])]).contains("3549"))
    #expect(message(good, labels: 20, [headOutput("output", [1, 3549, 85])]).contains("20 labels"))
    #expect(message(good, [headOutput("output", [1, 3549, 85])], side: 420).contains("divide"))
    #expect(message(YOLOXDecoding(output: "output", strides: [8, 0]), [headOutput("output", [1, 3549, 85])]).contains("strides"))
    #expect(message(good, [headOutput("output", [1, 3549, 85], .int64)]).contains("int64"))
    #expect(message(good, [headOutput("output", [1, 3549, 85], .int8)]).contains("quantisation"))
    let limitless = YOLOXDecoding(output: "output", suppression: Suppression(limit: 0))
    #expect(message(limitless, [headOutput("output", [1, 3549, 85])]).contains("limit"))
  }

  @Test func `infinities and what is no number are told of, wherever they come from`() throws {
    let decoder = try Self.decoder(suppression: Suppression(scoreThreshold: 0.1))
    func isTold(_ change: (inout [Float]) -> Void) -> Bool {
      var tensor = [Float](repeating: 0.5, count: 40 * 8)
      change(&tensor)
      unsafe tensor.withUnsafeBytes { bytes in unsafe decoder.decode(mapping: Self.frame) { _ in unsafe bytes } }
      return decoder.hasNonFiniteValues
    }
    #expect(!isTold { _ in })
    for value in [Float.nan, .infinity, -.infinity] { #expect(isTold { $0[319] = value }) }
    // A width whose exponential is too large, of a cell that counts, and of one that doesn't.
    #expect(isTold { $0[2] = 1000 })
    #expect(!isTold { ($0[2], $0[4]) = (1000, 0) })
    #expect(!isTold { _ in })
  }

  @Test(.enabled(if: allocation_counter_works())) func `decoding allocates nothing`() throws {
    var generator = SeededGenerator(seed: 3)
    let tensor = (0..<40).flatMap { _ in (0..<8).map { _ in Float.random(in: 0...1, using: &generator) } }
    let decoder = try Self.decoder(suppression: Suppression(scoreThreshold: 0.01, overlapThreshold: 0.6))
    let allocations = unsafe tensor.withUnsafeBytes { bytes in
      unsafe decoder.decode(mapping: Self.frame) { _ in unsafe bytes }
      let before = allocation_count()
      for _ in 0..<5 { unsafe decoder.decode(mapping: Self.frame) { _ in unsafe bytes } }
      return allocation_count() - before
    }
    #expect(decoder.detections.count > 5 && allocations == 0)
  }
}

@Suite struct CandidateBufferTests {
  @Test func `a full buffer keeps the best and counts what it dropped`() {
    var generator = SeededGenerator(seed: 4)
    for count in [0, 1, 9, 10, 11, 300] {
      var buffer = CandidateBuffer(capacity: 10)
      let scores = (0..<count).map { _ in Float(Int.random(in: 0..<40, using: &generator)) / 40 }
      for (position, score) in scores.enumerated() {
        buffer.append(Candidate(score: score, label: 0, position: Int32(position), x1: 0, y1: 0, x2: 1, y2: 1))
      }
      buffer.sort()
      let expected = scores.enumerated().sorted { ($1.element, $0.offset) < ($0.element, $1.offset) }.prefix(10).map { Int32($0.offset) }
      #expect(buffer.candidates.map(\.position) == Array(expected))
      #expect(buffer.droppedCount == max(0, count - 10))
    }
  }
}

@Suite struct ClassificationDecodingTests {
  static let frame = FrameMapping(frameWidth: 100, frameHeight: 50, scaleX: 1, scaleY: 1, offsetX: 0, offsetY: 0)

  static func decoder(_ decoding: ClassificationDecoding, labels: Int, _ output: ModelOutput) throws -> DetectionDecoder {
    try DetectionDecoder(decoding: .classification(decoding), labelCount: labels, inputWidth: 8, inputHeight: 8, outputs: [output])
  }

  @Test func `the five best classes come in order, for the whole frame`() throws {
    let decoder = try Self.decoder(ClassificationDecoding(output: "p"), labels: 7, output("p", [1, 7]))
    decoder.decode([[0.1, 0.3, 0.05, 0.2, 0.15, 0.12, 0.08]], mapping: Self.frame)
    #expect(decoder.isClassification)
    #expect(decoder.detections.map(\.label) == [1, 3, 4, 5, 0])
    #expect(decoder.detections[0] == Detection(label: 1, score: 0.3, box: Box(x: 0, y: 0, width: 100, height: 50)))
  }

  @Test(arguments: [[1, 3, 1, 1], [3], [1, 1, 3]])
  func `any rank, softmax and a background class first are read`(dimensions: [Int]) throws {
    let decoder = try Self.decoder(ClassificationDecoding(output: "p", appliesSoftmax: true, labelOffset: 1), labels: 2, output("p", dimensions))
    decoder.decode([[Float](arrayLiteral: 1, 2, 3)], mapping: Self.frame)
    #expect(decoder.detections.map(\.label) == [1, 0])
    #expect(abs(decoder.detections[0].score - 0.66524) < 1e-4)
  }

  @Test func `8-bit scores are read by their quantisation`() throws {
    let decoder = try Self.decoder(ClassificationDecoding(output: "p"), labels: 3, output("p", [1, 3], .int8, Quantisation(scale: 1 / 256, zeroPoint: -128)))
    decoder.decode([[UInt8(bitPattern: -128), 127, 0]], mapping: Self.frame)
    #expect(decoder.detections.map(\.label) == [1, 2, 0])
    #expect(decoder.detections[0].score == 255.0 / 256)
  }

  @Test func `labels that don't fit the classes are refused`() {
    #expect(throws: ObjectDetectionError.self) { try Self.decoder(ClassificationDecoding(output: "p"), labels: 1000, output("p", [1, 1001])) }
    #expect(throws: Never.self) { try Self.decoder(ClassificationDecoding(output: "p", labelOffset: 1), labels: 1000, output("p", [1, 1001])) }
    #expect(throws: ObjectDetectionError.self) { try Self.decoder(ClassificationDecoding(output: "p"), labels: 6, output("p", [2, 3])) }
  }
}
