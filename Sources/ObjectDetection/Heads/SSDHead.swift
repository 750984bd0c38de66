import Glibc
import ModelManifest

/// Boxes beside class scores; every class of a box that scores enough is a candidate of its own.
struct SSDHead: DetectionHead {
  let suppression: Suppression
  private let scores: OutputReader
  private let boxes: OutputReader
  private let format: SSDDecoding.BoxFormat
  private let background: Int
  private let activation: SSDDecoding.Activation
  private let scaleX: Float
  private let scaleY: Float
  /// One a box where boxes are offsets; empty where they are decoded.
  private let priors: [PriorBox]
  private let centreVariance: Float
  private let sizeVariance: Float

  init(_ decoding: SSDDecoding, labelCount: Int, inputWidth: Int, inputHeight: Int, outputs: [ModelOutput]) throws(ObjectDetectionError) {
    scores = try OutputReader(named: decoding.scores, among: outputs, needing: "[1, boxes, classes]")
    boxes = try OutputReader(named: decoding.boxes, among: outputs, needing: "[1, boxes, 4]")
    guard boxes.columns == 4, boxes.rows == scores.rows else {
      throw ObjectDetectionError(
        .unsuitableOutput,
        "outputs \(decoding.scores) and \(decoding.boxes) have \(scores.rows) × \(scores.columns) and \(boxes.rows) × \(boxes.columns) values, but scores "
          + "[1, N, classes] and boxes [1, N, 4] are needed")
    }
    let background = decoding.backgroundClass ?? -1
    let classes = scores.columns - (decoding.backgroundClass == nil ? 0 : 1)
    guard background < scores.columns, decoding.backgroundClass.map({ $0 >= 0 }) ?? true, classes > 0, labelCount == 0 || labelCount == classes else {
      throw ObjectDetectionError(
        .unsuitableOutput,
        "output \(decoding.scores) has \(scores.columns) classes (background: \(decoding.backgroundClass.map { "\($0)" } ?? "none")), but there are "
          + "\(labelCount) labels")
    }
    if let settings = decoding.priors {
      priors = try PriorBox.all(settings, format: decoding.boxFormat, count: boxes.rows, inputWidth: inputWidth, inputHeight: inputHeight)
    } else {
      priors = []
    }
    centreVariance = decoding.priors?.centreVariance ?? 1
    sizeVariance = decoding.priors?.sizeVariance ?? 1
    format = decoding.boxFormat
    self.background = background
    activation = decoding.activation
    scaleX = decoding.isNormalised ? Float(inputWidth) : 1
    scaleY = decoding.isNormalised ? Float(inputHeight) : 1
    suppression = decoding.suppression
  }

  var readers: [OutputReader] { [scores, boxes] }
  var candidateCount: Int { scores.rows * scores.columns }

  func collect(into candidates: inout CandidateBuffer, threshold: Float, tensors: (Int) -> UnsafeRawBufferPointer) {
    let scoreBytes = unsafe tensors(scores.index)
    let boxBytes = unsafe tensors(boxes.index)
    for row in 0..<scores.rows {
      let normaliser = unsafe activation == .softmax ? softmaxNormaliser(scoreBytes, row: row) : (peak: 0, sum: 1)
      for column in 0..<scores.columns where column != background {
        let raw = unsafe scores.value(scoreBytes, row: row, column: column)
        let score: Float
        switch activation {
        case .none: score = raw
        case .softmax: score = expf(raw - normaliser.peak) / normaliser.sum
        case .sigmoid: score = sigmoid(raw)
        }
        guard score >= threshold else { continue }
        let label = background >= 0 && column > background ? column - 1 : column
        unsafe collectBox(boxBytes, row: row, label: label, score: score, &candidates)
      }
    }
  }

  private func collectBox(_ bytes: UnsafeRawBufferPointer, row: Int, label: Int, score: Float, _ candidates: inout CandidateBuffer) {
    var (first, second) = unsafe (boxes.value(bytes, row: row, column: 0), boxes.value(bytes, row: row, column: 1))
    var (third, fourth) = unsafe (boxes.value(bytes, row: row, column: 2), boxes.value(bytes, row: row, column: 3))
    if format == .cornersYX || format == .centreYX { (first, second, third, fourth) = (second, first, fourth, third) }
    if !priors.isEmpty {
      let prior = priors[row]
      first = prior.x + first * centreVariance * prior.width
      second = prior.y + second * centreVariance * prior.height
      third = prior.width * expf(third * sizeVariance)
      fourth = prior.height * expf(fourth * sizeVariance)
    } else {
      (first, second, third, fourth) = (first * scaleX, second * scaleY, third * scaleX, fourth * scaleY)
    }
    if format == .centre || format == .centreYX {
      (first, second, third, fourth) = (first - third / 2, second - fourth / 2, first + third / 2, second + fourth / 2)
    }
    candidates.appendBox(score: score, label: label, position: row, x1: first, y1: second, x2: third, y2: fourth)
  }

  /// The largest score of a row and the sum of e^(score − largest).
  private func softmaxNormaliser(_ bytes: UnsafeRawBufferPointer, row: Int) -> (peak: Float, sum: Float) {
    var peak = -Float.infinity
    for column in 0..<scores.columns { peak = max(peak, unsafe scores.value(bytes, row: row, column: column)) }
    var sum: Float = 0
    for column in 0..<scores.columns { sum += expf(unsafe scores.value(bytes, row: row, column: column) - peak) }
    return (peak, sum)
  }
}

/// A box that offsets are relative to: its centre and size in input pixels.
struct PriorBox {
  let x: Float
  let y: Float
  let width: Float
  let height: Float

  /// The priors of all boxes, checked against their number before any is made.
  static func all(
    _ settings: SSDPriors, format: SSDDecoding.BoxFormat, count: Int, inputWidth: Int, inputHeight: Int
  ) throws(ObjectDetectionError) -> [PriorBox] {
    guard format == .centre || format == .centreYX else {
      throw ObjectDetectionError(.invalidDecoding, "offsets from priors are centres and sizes: give box-format centre or centre-yx")
    }
    guard settings.centreVariance.isFinite, settings.sizeVariance.isFinite else {
      throw ObjectDetectionError(.invalidDecoding, "the priors' variances must be numbers")
    }
    guard
      settings.grids.allSatisfy({
        1...65536 ~= $0.columns && 1...65536 ~= $0.rows && 1...256 ~= $0.sizes.count && $0.sizes.allSatisfy(\.isPossible)
      }), 1...CellGrid.limit ~= settings.grids.count
    else { throw ObjectDetectionError(.invalidDecoding, "each grid of priors needs columns, rows and 1 to 256 sizes, all above 0") }
    let total = settings.grids.reduce(0) { $0 + $1.columns * $1.rows * $1.sizes.count }
    guard total == count else {
      throw ObjectDetectionError(
        .unsuitableOutput, "the recipe's priors are \(total), the model has \(count) boxes: correct the grids or the sizes on them")
    }
    var priors: [PriorBox] = []
    priors.reserveCapacity(total)
    for grid in settings.grids {
      for cell in 0..<grid.columns * grid.rows {
        let x = (Float(cell % grid.columns) + 0.5) / Float(grid.columns) * Float(inputWidth)
        let y = (Float(cell / grid.columns) + 0.5) / Float(grid.rows) * Float(inputHeight)
        priors += grid.sizes.map { PriorBox(x: x, y: y, width: $0.width, height: $0.height) }
      }
    }
    return priors
  }
}
