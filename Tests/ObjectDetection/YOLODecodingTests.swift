import CAllocationCounter
import Foundation
import ModelManifest
import SharedData
import Testing

@testable import ObjectDetection

/// YOLOv5-like and YOLOv8-like heads, and FastestDet's, against plain evaluations in double precision.
@Suite struct YOLODecodingTests {
  static let grids = DistributionDecodingTests.grids
  static let anchors = [
    [BoxSize(width: 10, height: 13), BoxSize(width: 16, height: 30), BoxSize(width: 33, height: 23)],
    [BoxSize(width: 30, height: 61), BoxSize(width: 62, height: 45), BoxSize(width: 59, height: 119)],
  ]

  static func decoder(_ decoding: Decoding, classes: Int = 3, _ outputs: [ModelOutput]) throws -> DetectionDecoder {
    try DetectionDecoder(decoding: decoding, labelCount: classes, inputWidth: 50, inputHeight: 34, outputs: outputs)
  }

  static func message(_ decoding: Decoding, labels: Int = 3, _ outputs: [ModelOutput]) -> String {
    do throws(ObjectDetectionError) {
      _ = try DetectionDecoder(decoding: decoding, labelCount: labels, inputWidth: 50, inputHeight: 34, outputs: outputs)
    } catch { return error.message }
    return ""
  }

  static func best(_ scores: [Double]) -> (Int, Double) { scores.enumerated().max { $0.element < $1.element }.map { ($0.offset, $0.element) }! }

  static func box(_ label: Int, _ score: Double, _ x: Double, _ y: Double, _ width: Double, _ height: Double) -> Expected {
    Expected(label: label, score: score, corners: [x - width / 2, y - height / 2, x + width / 2, y + height / 2])
  }

  // MARK: YOLOv5

  /// Of raw values by grid, anchor, cell and channel.
  static func anchoredBoxes(_ value: (Int, Int, Int, Int) -> Float) -> [Expected] {
    var found: [Expected] = []
    for (at, grid) in grids.enumerated() {
      for anchor in 0..<3 {
        for cell in 0..<grid.rows * grid.columns {
          let v = (0..<8).map { logistic(value(at, anchor, cell, $0)) }
          let (label, score) = best(v[5...].map { $0 * v[4] })
          guard score >= Double(keepingAll.scoreThreshold) else { continue }
          found.append(
            box(
              label, score, (2 * v[0] - 0.5 + Double(cell % grid.columns)) * grid.stride, (2 * v[1] - 0.5 + Double(cell / grid.columns)) * grid.stride,
              4 * v[2] * v[2] * Double(anchors[at][anchor].width), 4 * v[3] * v[3] * Double(anchors[at][anchor].height)))
        }
      }
    }
    return found
  }

  @Test(arguments: [HeadValues.Shape.planes, .pixels, .planesStoredAsPixels, .cellsChannels])
  func `raw anchored heads decode by their anchors`(shape: HeadValues.Shape) throws {
    let heads = DistributionDecodingTests.heads(channels: 3 * 8, seed: 41, in: -2...3)
    let decoding = YOLOv5Decoding(outputs: ["a", "b"], strides: [8, 16], anchors: Self.anchors, appliesSigmoid: true, suppression: keepingAll)
    let decoder = try Self.decoder(.yolov5(decoding), [heads[0].output("a", shape), heads[1].output("b", shape)])
    decoder.decode(heads.map { $0.laidOut(shape) }, mapping: roomyFrame)
    #expect(decoder.agrees(with: Self.anchoredBoxes { heads[$0][$2, 8 * $1 + $3] }))
  }

  @Test func `raw heads of five dimensions decode alike`() throws {
    let heads = DistributionDecodingTests.heads(channels: 3 * 8, seed: 43, in: -2...3)
    let decoding = YOLOv5Decoding(outputs: ["a", "b"], strides: [8, 16], anchors: Self.anchors, appliesSigmoid: true, suppression: keepingAll)
    let decoder = try Self.decoder(.yolov5(decoding), [HeadValues.output("a", [1, 3, 5, 7, 8]), HeadValues.output("b", [1, 3, 3, 4, 8])])
    let tensors = heads.map { head in
      (0..<3).flatMap { anchor in (0..<head.cells).flatMap { cell in (0..<8).map { head[cell, 8 * anchor + $0] } } }
    }
    decoder.decode(tensors, mapping: roomyFrame)
    #expect(decoder.agrees(with: Self.anchoredBoxes { heads[$0][$2, 8 * $1 + $3] }))
    #expect(Self.message(.yolov5(decoding), [HeadValues.output("a", [1, 3, 7, 5, 8]), HeadValues.output("b", [1, 3, 3, 4, 8])]).contains("[1, 3, 5, 7, 8]"))
  }

  @Test(arguments: [false, true])
  func `decoded boxes are in pixels, or in shares of the input`(isNormalised: Bool) throws {
    let values = HeadValues(rows: 141, columns: 1, channels: 8, seed: 4, in: 0.1...1)
    let scale = isNormalised ? (50.0, 34.0) : (1, 1)
    let decoder = try Self.decoder(
      .yolov5(YOLOv5Decoding(outputs: ["y"], strides: [8, 16], isNormalised: isNormalised, suppression: keepingAll)),
      [values.output("y", .cellsChannels)])
    decoder.decode([values.values], mapping: roomyFrame)
    let expected = (0..<141).compactMap { row -> Expected? in
      let v = (0..<8).map { Double(values[row, $0]) }
      let (label, score) = Self.best(v[5...].map { $0 * v[4] })
      return score >= Double(keepingAll.scoreThreshold) ? Self.box(label, score, v[0] * scale.0, v[1] * scale.1, v[2] * scale.0, v[3] * scale.1) : nil
    }
    #expect(decoder.agrees(with: expected))
  }

  @Test func `anchors and outputs that don't fit are refused in words`() {
    let outputs = [HeadValues.output("a", [1, 24, 5, 7]), HeadValues.output("b", [1, 24, 3, 4]), HeadValues.output("y", [1, 140, 8])]
    func raw(_ change: (inout YOLOv5Decoding) -> Void, labels: Int = 3) -> String {
      var decoding = YOLOv5Decoding(outputs: ["a", "b"], strides: [8, 16], anchors: Self.anchors, appliesSigmoid: true)
      change(&decoding)
      return Self.message(.yolov5(decoding), labels: labels, outputs)
    }
    #expect(raw { _ in }.isEmpty)
    #expect(raw { $0.anchors = [$0.anchors[0]] }.contains("1 lists of anchors for 2 strides"))
    #expect(raw { $0.anchors[1] = Array($0.anchors[1].prefix(2)) }.contains("[1, 16, "))
    #expect(raw({ $0.anchors = $0.anchors.map { Array($0.prefix(2)) } }, labels: 0).isEmpty)
    #expect(raw({ $0.anchors = $0.anchors.map { $0 + $0 + Array($0.prefix(1)) } }, labels: 0).contains("7 anchors"))
    #expect(raw { $0.anchors[0][0].width = 0 }.contains("above 0"))
    #expect(raw { $0.anchors[0][0].height = .nan }.contains("above 0"))
    #expect(raw { $0.anchors[0] = [] }.contains("1 to 64"))
    #expect(raw { $0.strides = [8, 0] }.contains("strides"))
    #expect(raw { $0.strides = [] }.contains("strides"))
    #expect(raw({ _ in }, labels: 80).contains("[1, 255, 35]"))
    #expect(raw { $0.anchors = [] }.contains("without anchors"))
    let decoded = YOLOv5Decoding(outputs: ["y"], strides: [8, 16])
    #expect(Self.message(.yolov5(decoded), outputs).contains("47 cells"))
    #expect(Self.message(.yolov5(decoded), labels: 9, [HeadValues.output("y", [1, 141, 8])]).contains("9 labels need 14"))
    #expect(Self.message(.yolov5(decoded), [HeadValues.output("y", [1, 8, 141])]).contains("141 values"))
  }

  // MARK: YOLOv8

  @Test(arguments: [HeadValues.Shape.channelsCells, .cellsChannels])
  func `boxes without objectness decode in both orders of axes`(shape: HeadValues.Shape) throws {
    let values = HeadValues(rows: 47, columns: 1, channels: 7, seed: 6, in: 0.1...1)
    let decoder = try Self.decoder(
      .yolov8(YOLOv8Decoding(output: "y", strides: [8, 16], isNormalised: true, suppression: keepingAll)), [values.output("y", shape)])
    decoder.decode([values.laidOut(shape)], mapping: roomyFrame)
    let expected = (0..<47).compactMap { row -> Expected? in
      let v = (0..<7).map { Double(values[row, $0]) }
      let (label, score) = Self.best(Array(v[4...]))
      return score >= Double(keepingAll.scoreThreshold) ? Self.box(label, score, v[0] * 50, v[1] * 34, v[2] * 50, v[3] * 34) : nil
    }
    #expect(decoder.agrees(with: expected))
  }

  @Test func `a YOLOv8 output of another size is refused in words`() {
    let decoding = Decoding.yolov8(YOLOv8Decoding(output: "y", strides: [8, 16]))
    #expect(Self.message(decoding, [HeadValues.output("y", [1, 7, 47])]).isEmpty)
    #expect(Self.message(decoding, [HeadValues.output("y", [1, 7, 8400])]).contains("[1, 47, 7]"))
    #expect(Self.message(decoding, [HeadValues.output("y", [1, 84, 47])]).contains("[1, 84, 47]"))
    #expect(Self.message(decoding, labels: 0, [HeadValues.output("y", [1, 4, 47])]).contains("no class"))
  }

  // MARK: FastestDet

  @Test(arguments: HeadValues.Shape.allCases)
  func `FastestDet's grid decodes by tanh, sigmoid and powers`(shape: HeadValues.Shape) throws {
    var generator = SeededGenerator(seed: 8)
    let values = HeadValues(rows: 3, columns: 4, channels: 8) { _, channel in
      1...4 ~= channel ? Float.random(in: -2...2, using: &generator) : Float.random(in: 0...1, using: &generator)
    }
    let decoder = try Self.decoder(.fastestdet(FastestDetDecoding(output: "y", suppression: keepingAll)), [values.output("y", shape)])
    decoder.decode([values.laidOut(shape)], mapping: roomyFrame)
    let expected = (0..<12).compactMap { cell -> Expected? in
      let v = (0..<8).map { Double(values[cell, $0]) }
      let (label, best) = Self.best(Array(v[5...]))
      let score = pow(v[0], 0.6) * pow(best, 0.4)
      guard score >= Double(keepingAll.scoreThreshold) else { return nil }
      return Self.box(
        label, score, (tanh(v[1]) + Double(cell % 4)) * 16, (tanh(v[2]) + Double(cell / 4)) * 16,
        logistic(values[cell, 3]) * 50, logistic(values[cell, 4]) * 34)
    }
    #expect(decoder.agrees(with: expected))
  }

  @Test func `FastestDet's settings are checked`() {
    let output = HeadValues.output("y", [1, 8, 3, 4])
    #expect(Self.message(.fastestdet(FastestDetDecoding(output: "y")), [output]).isEmpty)
    #expect(Self.message(.fastestdet(FastestDetDecoding(output: "y", stride: 8)), [output]).contains("[1, 8, 5, 7]"))
    #expect(Self.message(.fastestdet(FastestDetDecoding(output: "y", stride: 0)), [output]).contains("strides"))
    #expect(Self.message(.fastestdet(FastestDetDecoding(output: "y", stride: .min)), [output]).contains("strides"))
    #expect(Self.message(.fastestdet(FastestDetDecoding(output: "y", objectnessExponent: .nan)), [output]).contains("exponents"))
    #expect(Self.message(.fastestdet(FastestDetDecoding(output: "y", classExponent: -1)), [output]).contains("exponents"))
    #expect(Self.message(.fastestdet(FastestDetDecoding(output: "y")), labels: 0, [HeadValues.output("y", [1, 5, 3, 4])]).contains("no class"))
  }

  @Test(.enabled(if: allocation_counter_works())) func `decoding allocates nothing`() throws {
    let heads = DistributionDecodingTests.heads(channels: 3 * 8, seed: 41, in: -2...3)
    let anchored = YOLOv5Decoding(outputs: ["a", "b"], strides: [8, 16], anchors: Self.anchors, appliesSigmoid: true, suppression: keepingAll)
    let boxes = HeadValues(rows: 47, columns: 1, channels: 7, seed: 6, in: 0.1...1)
    let fastest = HeadValues(rows: 3, columns: 4, channels: 8, seed: 6, in: 0...1)
    let cases: [(Decoding, [ModelOutput], [[Float]])] = [
      (.yolov5(anchored), [heads[0].output("a", .planes), heads[1].output("b", .planes)], heads.map { $0.laidOut(.planes) }),
      (.yolov8(YOLOv8Decoding(output: "y", strides: [8, 16], suppression: keepingAll)), [boxes.output("y", .cellsChannels)], [boxes.values, []]),
      (.fastestdet(FastestDetDecoding(output: "y", suppression: keepingAll)), [fastest.output("y", .pixels)], [fastest.values, []]),
    ]
    for (decoding, outputs, tensors) in cases {
      let decoder = try Self.decoder(decoding, outputs)
      let allocations = unsafe tensors[0].withUnsafeBytes { first in
        unsafe tensors[1].withUnsafeBytes { second in
          unsafe decoder.decode(mapping: roomyFrame) { unsafe $0 == 0 ? first : second }
          let before = allocation_count()
          for _ in 0..<5 { unsafe decoder.decode(mapping: roomyFrame) { unsafe $0 == 0 ? first : second } }
          return allocation_count() - before
        }
      }
      #expect(!decoder.detections.isEmpty && allocations == 0)
    }
  }
}
