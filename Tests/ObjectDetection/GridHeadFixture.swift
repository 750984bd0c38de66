import Foundation
import Imaging
import ModelFormat
import ModelManifest
import SharedData
import Tensors

@testable import ObjectDetection

/// A head's values by cell and channel, which lie in memory in any of the ways that models have.
struct HeadValues {
  enum Shape: CaseIterable {
    /// `[1, cells, channels]`
    case cellsChannels
    /// `[1, channels, cells]`
    case channelsCells
    /// `[1, channels, rows, columns]`
    case planes
    /// `[1, rows, columns, channels]`
    case pixels
    /// `[1, channels, rows, columns]`, channels-last in memory
    case planesStoredAsPixels
  }

  let rows: Int
  let columns: Int
  let channels: Int
  private(set) var values: [Float]

  init(rows: Int, columns: Int, channels: Int, filledWith value: (Int, Int) -> Float) {
    (self.rows, self.columns, self.channels) = (rows, columns, channels)
    values = (0..<rows * columns).flatMap { cell in (0..<channels).map { value(cell, $0) } }
  }

  init(rows: Int, columns: Int, channels: Int, seed: UInt64, in range: ClosedRange<Float>) {
    var generator = SeededGenerator(seed: seed)
    self.init(rows: rows, columns: columns, channels: channels) { _, _ in Float.random(in: range, using: &generator) }
  }

  var cells: Int { rows * columns }
  subscript(cell: Int, channel: Int) -> Float { values[cell * channels + channel] }

  private var channelMajor: [Float] { (0..<channels).flatMap { channel in (0..<cells).map { self[$0, channel] } } }

  func laidOut(_ shape: Shape) -> [Float] {
    switch shape {
    case .cellsChannels, .pixels, .planesStoredAsPixels: values
    case .channelsCells, .planes: channelMajor
    }
  }

  func output(_ name: String, _ shape: Shape) -> ModelOutput {
    switch shape {
    case .cellsChannels: Self.output(name, [1, cells, channels])
    case .channelsCells: Self.output(name, [1, channels, cells])
    case .planes: Self.output(name, [1, channels, rows, columns])
    case .pixels: Self.output(name, [1, rows, columns, channels])
    case .planesStoredAsPixels: Self.output(name, [1, channels, rows, columns], permutation: [0, 2, 3, 1])
    }
  }

  static func output(_ name: String, _ declared: [Int], permutation: [Int]? = nil) -> ModelOutput {
    let permutation = permutation ?? Array(0..<declared.count)
    return ModelOutput(
      port: Port(name: name, tensor: 0, declaredType: .float32, declaredDimensions: declared, permutation: permutation),
      tensor: TensorDescription(
        name: name, elementType: .float32, dimensions: permutation.map { declared[$0] }, quantisation: nil, storage: .arena(offset: 0)))
  }
}

/// A detection of the oracles: label, score, corners.
struct Expected {
  let label: Int
  let score: Double
  let corners: [Double]
}

/// Nothing is suppressed.
let keepingAll = Suppression(scoreThreshold: 0.4, overlapThreshold: 1, isClassWise: true, limit: 5000)

/// A frame so wide around the input that nothing is clipped.
let roomyFrame = FrameMapping(frameWidth: 4000, frameHeight: 4000, scaleX: 1, scaleY: 1, offsetX: -2000, offsetY: -2000)

extension DetectionDecoder {
  /// Whether the last frame's detections are those expected, each within a thousandth of a pixel.
  func agrees(with expected: [Expected]) -> Bool {
    let ordered = expected.sorted { $0.score > $1.score }
    guard detections.count == ordered.count, !ordered.isEmpty else { return false }
    return zip(detections, ordered).allSatisfy { found, wanted in
      let corners = [found.box.x, found.box.y, found.box.x + found.box.width, found.box.y + found.box.height].map { Double($0) - 2000 }
      return found.label == wanted.label && abs(Double(found.score) - wanted.score) < 1e-5
        && zip(corners, wanted.corners).allSatisfy { abs($0 - $1) < 2e-3 }
    }
  }
}

func logistic(_ x: Float) -> Double { 1 / (1 + exp(-Double(x))) }
