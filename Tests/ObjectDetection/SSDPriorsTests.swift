import Foundation
import ModelManifest
import Testing

@testable import ObjectDetection

/// Offsets from priors, the other orders of coordinates, and scores through the sigmoid.
@Suite struct SSDPriorsTests {
  /// 3 × 2 cells of two sizes and one cell of one: 13 boxes on 60 × 40 pixels.
  static let priors = SSDPriors(
    grids: [
      .init(columns: 3, rows: 2, sizes: [BoxSize(width: 8, height: 6), BoxSize(width: 10, height: 20)]),
      .init(columns: 1, rows: 1, sizes: [BoxSize(width: 40, height: 30)]),
    ], centreVariance: 0.1, sizeVariance: 0.2)

  static func decoder(_ change: (inout SSDDecoding) -> Void, labels: Int = 2, boxes: Int = 13) throws(ObjectDetectionError) -> DetectionDecoder {
    var decoding = SSDDecoding(
      scores: "s", boxes: "b", boxFormat: .centreYX, backgroundClass: nil, activation: .sigmoid, priors: priors, suppression: keepingAll)
    change(&decoding)
    return try DetectionDecoder(
      decoding: .ssd(decoding), labelCount: labels, inputWidth: 60, inputHeight: 40,
      outputs: [HeadValues.output("s", [1, boxes, 2]), HeadValues.output("b", [1, boxes, 4])])
  }

  @Test(arguments: [SSDDecoding.BoxFormat.centre, .centreYX])
  func `offsets move and stretch their priors`(format: SSDDecoding.BoxFormat) throws {
    let scores = HeadValues(rows: 13, columns: 1, channels: 2, seed: 3, in: -3...3)
    let offsets = HeadValues(rows: 13, columns: 1, channels: 4, seed: 4, in: -2...2)
    let decoder = try Self.decoder { $0.boxFormat = format }
    decoder.decode([scores.values, offsets.values], mapping: roomyFrame)
    var middles: [(Double, Double, Double, Double)] = []
    for y in [10.0, 30] { for x in [10.0, 30, 50] { middles += [(x, y, 8, 6), (x, y, 10, 20)] } }
    middles.append((30, 20, 40, 30))
    var expected: [Expected] = []
    for (row, prior) in middles.enumerated() {
      let order = format == .centre ? [0, 1, 2, 3] : [1, 0, 3, 2]
      let v = order.map { Double(offsets[row, $0]) }
      let (x, y) = (prior.0 + 0.1 * v[0] * prior.2, prior.1 + 0.1 * v[1] * prior.3)
      let (width, height) = (prior.2 * exp(0.2 * v[2]), prior.3 * exp(0.2 * v[3]))
      for label in 0..<2 where logistic(scores[row, label]) >= 0.4 {
        expected.append(
          Expected(label: label, score: logistic(scores[row, label]), corners: [x - width / 2, y - height / 2, x + width / 2, y + height / 2]))
      }
    }
    #expect(decoder.agrees(with: expected))
  }

  @Test func `corners may come y before x`() throws {
    let decoder = try Self.decoder({ $0 = SSDDecoding(scores: "s", boxes: "b", boxFormat: .cornersYX, backgroundClass: nil) }, boxes: 1)
    decoder.decode([[0.9, 0], [0.25, 0.5, 0.75, 1]], mapping: roomyFrame)
    #expect(decoder.agrees(with: [Expected(label: 0, score: 0.9, corners: [30, 10, 60, 30])]))
  }

  @Test func `priors that don't fit are refused in words`() {
    func message(_ change: (inout SSDDecoding) -> Void) -> String {
      do throws(ObjectDetectionError) { _ = try Self.decoder(change) } catch { return error.message }
      return ""
    }
    #expect(message { _ in }.isEmpty)
    let mistakes: [((inout SSDDecoding) -> Void, String)] = [
      ({ $0.priors!.grids[0].rows = 3 }, "priors are 19, the model has 13"), ({ $0.priors!.grids = [] }, "grid"),
      ({ $0.priors!.grids[0].columns = .max }, "grid"), ({ $0.priors!.grids[0].rows = -1 }, "grid"), ({ $0.priors!.grids[0].sizes = [] }, "sizes"),
      ({ $0.priors!.grids[0].sizes[0].width = .infinity }, "sizes"), ({ $0.priors!.centreVariance = .nan }, "variances"),
      ({ $0.boxFormat = .corners }, "centre"),
    ]
    for (change, expected) in mistakes {
      let found = message(change)
      #expect(found.contains(expected), "\(found)")
    }
  }
}
