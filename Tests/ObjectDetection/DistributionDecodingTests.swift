import CAllocationCounter
import Foundation
import Imaging
import ModelManifest
import Testing

@testable import ObjectDetection

/// Generalised focal loss (NanoDet, PicoDet) and the raw heads of YOLOv8 against a plain evaluation in double precision.
@Suite struct DistributionDecodingTests {
  /// 50 × 34 pixels at strides 8 and 16: 7 × 5 cells and 4 × 3, the last ones over the edge.
  static let width = 50
  static let height = 34
  static let grids = [(rows: 5, columns: 7, stride: 8.0), (rows: 3, columns: 4, stride: 16.0)]

  static func heads(channels: Int, seed: UInt64, in range: ClosedRange<Float>) -> [HeadValues] {
    grids.enumerated().map { HeadValues(rows: $1.rows, columns: $1.columns, channels: channels, seed: seed + UInt64($0), in: range) }
  }

  static func expected(
    scores: (Int, Int, Int) -> Double, distances: (Int, Int, Int) -> Float, classes: Int, bins: Int, offset: Double = 0.5
  ) -> [Expected] {
    var found: [Expected] = []
    for (at, grid) in grids.enumerated() {
      for cell in 0..<grid.rows * grid.columns {
        let (label, score) = (0..<classes).map { ($0, scores(at, cell, $0)) }.max { $0.1 < $1.1 }!
        guard score >= Double(keepingAll.scoreThreshold) else { continue }
        let sides = (0..<4).map { side -> Double in
          guard bins > 1 else { return Double(distances(at, cell, side)) * grid.stride }
          let weights = (0..<bins).map { exp(Double(distances(at, cell, side * bins + $0))) }
          return weights.enumerated().reduce(0) { $0 + Double($1.offset) * $1.element } / weights.reduce(0, +) * grid.stride
        }
        let x = (Double(cell % grid.columns) + offset) * grid.stride
        let y = (Double(cell / grid.columns) + offset) * grid.stride
        found.append(Expected(label: label, score: score, corners: [x - sides[0], y - sides[1], x + sides[2], y + sides[3]]))
      }
    }
    return found
  }

  static func decoder(_ decoding: DistributionDecoding, classes: Int, _ outputs: [ModelOutput]) throws -> DetectionDecoder {
    try DetectionDecoder(decoding: .distribution(decoding), labelCount: classes, inputWidth: width, inputHeight: height, outputs: outputs)
  }

  @Test(arguments: HeadValues.Shape.allCases)
  func `scores and distances of their own decode in every order of axes`(shape: HeadValues.Shape) throws {
    let scores = Self.heads(channels: 6, seed: 1, in: 0...1)
    let distances = Self.heads(channels: 4 * 8, seed: 9, in: -3...3)
    let decoder = try Self.decoder(
      DistributionDecoding(scores: ["s8", "s16"], distances: ["d8", "d16"], strides: [8, 16], suppression: keepingAll), classes: 6,
      [scores[0].output("s8", shape), scores[1].output("s16", shape), distances[0].output("d8", shape), distances[1].output("d16", shape)])
    decoder.decode((scores + distances).map { $0.laidOut(shape) }, mapping: roomyFrame)
    #expect(
      decoder.agrees(
        with: Self.expected(scores: { Double(scores[$0][$1, $2]) }, distances: { distances[$0][$1, $2] }, classes: 6, bins: 8)))
  }

  @Test(arguments: [DistributionDecoding.Order.scoresFirst, .distancesFirst], HeadValues.Shape.allCases)
  func `one output a stride carries both, logits or not`(order: DistributionDecoding.Order, shape: HeadValues.Shape) throws {
    let heads = Self.heads(channels: 3 + 4 * 16, seed: 21, in: -2...2)
    let decoder = try Self.decoder(
      DistributionDecoding(
        scores: ["a", "b"], order: order, strides: [8, 16], bins: 16, cellOffset: 0, appliesSigmoid: true, suppression: keepingAll), classes: 3,
      [heads[0].output("a", shape), heads[1].output("b", shape)])
    decoder.decode(heads.map { $0.laidOut(shape) }, mapping: roomyFrame)
    let (score, distance) = order == .scoresFirst ? (0, 3) : (64, 0)
    #expect(
      decoder.agrees(
        with: Self.expected(
          scores: { logistic(heads[$0][$1, score + $2]) }, distances: { heads[$0][$1, distance + $2] }, classes: 3, bins: 16, offset: 0)))
  }

  @Test(arguments: [false, true])
  func `one output may hold the cells of all strides`(isTransposed: Bool) throws {
    let heads = Self.heads(channels: 2 + 4, seed: 31, in: 0...1)
    let joined = HeadValues(rows: 47, columns: 1, channels: 6) { $0 < 35 ? heads[0][$0, $1] : heads[1][$0 - 35, $1] }
    let shape: HeadValues.Shape = isTransposed ? .channelsCells : .cellsChannels
    let decoder = try Self.decoder(
      DistributionDecoding(scores: ["y"], strides: [8, 16], bins: 1, suppression: keepingAll), classes: 2, [joined.output("y", shape)])
    decoder.decode([joined.laidOut(shape)], mapping: roomyFrame)
    #expect(
      decoder.agrees(with: Self.expected(scores: { Double(heads[$0][$1, $2]) }, distances: { heads[$0][$1, 2 + $2] }, classes: 2, bins: 1)))
  }

  @Test func `without labels the channels tell the classes`() throws {
    let heads = Self.heads(channels: 5 + 32, seed: 2, in: 0...1)
    let outputs = [heads[0].output("a", .planes), heads[1].output("b", .planes)]
    let decoder = try Self.decoder(DistributionDecoding(scores: ["a", "b"], strides: [8, 16]), classes: 0, outputs)
    decoder.decode(heads.map { $0.laidOut(.planes) }, mapping: roomyFrame, threshold: 0)
    #expect(decoder.detections.contains { $0.label == 4 } && decoder.detections.allSatisfy { $0.label < 5 })
  }

  @Test func `numbers that are none bring no box`() throws {
    let heads = Self.heads(channels: 1 + 32, seed: 2, in: 0.5...1)
    let outputs = [heads[0].output("a", .pixels), heads[1].output("b", .pixels)]
    let decoder = try Self.decoder(DistributionDecoding(scores: ["a", "b"], strides: [8, 16], suppression: keepingAll), classes: 1, outputs)
    for absurd in [Float.nan, .infinity, -.infinity] {
      let values = heads.map { head in
        head.values.enumerated().map { ($0.offset % 33 == 0) ? Float(0.9) : absurd }
      }
      decoder.decode(values, mapping: roomyFrame)
      #expect(decoder.detections.isEmpty)
    }
    decoder.decode(heads.map { head in head.values.map { _ in Float.nan } }, mapping: roomyFrame)
    #expect(decoder.detections.isEmpty)
  }

  @Test(.enabled(if: allocation_counter_works())) func `decoding allocates nothing`() throws {
    let heads = Self.heads(channels: 3 + 32, seed: 5, in: 0...1)
    let outputs = [heads[0].output("a", .planes), heads[1].output("b", .planes)]
    let decoder = try Self.decoder(DistributionDecoding(scores: ["a", "b"], strides: [8, 16], suppression: keepingAll), classes: 3, outputs)
    let tensors = heads.map { $0.laidOut(.planes) }
    let allocations = unsafe tensors[0].withUnsafeBytes { first in
      unsafe tensors[1].withUnsafeBytes { second in
        unsafe decoder.decode(mapping: roomyFrame) { unsafe $0 == 0 ? first : second }
        let before = allocation_count()
        for _ in 0..<5 { unsafe decoder.decode(mapping: roomyFrame) { unsafe $0 == 0 ? first : second } }
        return allocation_count() - before
      }
    }
    #expect(decoder.detections.count > 20 && allocations == 0)
  }

  @Test func `heads that don't fit the recipe are refused in words`() {
    let scores = [HeadValues.output("s8", [1, 35, 6]), HeadValues.output("s16", [1, 12, 6])]
    let distances = [HeadValues.output("d8", [1, 35, 32]), HeadValues.output("d16", [1, 12, 32])]
    func message(_ change: (inout DistributionDecoding) -> Void, labels: Int = 6, _ outputs: [ModelOutput]? = nil) -> String {
      var decoding = DistributionDecoding(scores: ["s8", "s16"], distances: ["d8", "d16"], strides: [8, 16])
      change(&decoding)
      do throws(ObjectDetectionError) {
        _ = try DetectionDecoder(
          decoding: .distribution(decoding), labelCount: labels, inputWidth: Self.width, inputHeight: Self.height, outputs: outputs ?? scores + distances)
      } catch { return error.message }
      return ""
    }
    #expect(message { _ in }.isEmpty)
    #expect(message { $0.strides = [8, 32] }.contains("[1, 4, 6]"))
    #expect(message { $0.strides = [] }.contains("strides"))
    #expect(message { $0.strides = [0, 16] }.contains("strides"))
    #expect(message { $0.strides = [-8, .min] }.contains("strides"))
    #expect(message { $0.strides = [8, .max] }.contains("strides"))
    #expect(message { $0.strides = [Int](repeating: 1, count: 100_000) }.contains("strides"))
    #expect(message { $0.bins = 16 }.contains("64"))
    #expect(message { $0.bins = 0 }.contains("bins"))
    #expect(message { $0.bins = .max }.contains("bins"))
    #expect(message { $0.cellOffset = .nan }.contains("offset"))
    #expect(message({ _ in }, labels: 80).contains("[1, 35, 80]"))
    #expect(message { $0.scores = ["s8"] }.contains("[1, 47, 6]"))
    #expect(message { $0.scores = [] }.contains("outputs"))
    #expect(message { $0.scores = ["s8", "s16", "s32"] }.contains("3 outputs"))
    #expect(message { $0.distances = ["d8", "d32"] }.contains("d32"))
    #expect(message({ $0.distances = [] }, labels: 0).contains("no one number of classes"))
    #expect(message({ _ in }, [HeadValues.output("s8", [2, 35, 6])] + scores + distances).contains("[2, 35, 6]"))
  }
}
