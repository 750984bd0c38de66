import Glibc
import ModelManifest

/// Decoded boxes beside class scores; every class of a box that scores enough is a candidate of its own.
struct SSDHead: DetectionHead {
  let suppression: Suppression
  private let scores: OutputReader
  private let boxes: OutputReader
  private let format: SSDDecoding.BoxFormat
  private let background: Int
  private let appliesSoftmax: Bool
  private let scaleX: Float
  private let scaleY: Float

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
    format = decoding.boxFormat
    self.background = background
    appliesSoftmax = decoding.appliesSoftmax
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
      let normaliser = unsafe appliesSoftmax ? softmaxNormaliser(scoreBytes, row: row) : (peak: 0, sum: 1)
      for column in 0..<scores.columns where column != background {
        let raw = unsafe scores.value(scoreBytes, row: row, column: column)
        let score = appliesSoftmax ? expf(raw - normaliser.peak) / normaliser.sum : raw
        guard score >= threshold else { continue }
        let label = background >= 0 && column > background ? column - 1 : column
        unsafe collectBox(boxBytes, row: row, label: label, score: score, &candidates)
      }
    }
  }

  private func collectBox(_ bytes: UnsafeRawBufferPointer, row: Int, label: Int, score: Float, _ candidates: inout CandidateBuffer) {
    var x1 = unsafe boxes.value(bytes, row: row, column: 0) * scaleX
    var y1 = unsafe boxes.value(bytes, row: row, column: 1) * scaleY
    var x2 = unsafe boxes.value(bytes, row: row, column: 2) * scaleX
    var y2 = unsafe boxes.value(bytes, row: row, column: 3) * scaleY
    if format == .centre { (x1, y1, x2, y2) = (x1 - x2 / 2, y1 - y2 / 2, x1 + x2 / 2, y1 + y2 / 2) }
    guard x1.isFinite, y1.isFinite, x2.isFinite, y2.isFinite, x2 > x1, y2 > y1 else { return }
    candidates.append(Candidate(score: min(score, 1), label: Int32(label), position: Int32(row), x1: x1, y1: y1, x2: x2, y2: y2))
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
