import Glibc
import ModelManifest

/// Scores of the whole image. The best come out as detections whose box is the whole frame.
struct ClassificationHead: DetectionHead {
  /// Classes that a frame brings at most, unless the decoder is told otherwise.
  static let defaultLimit = 5

  let reader: OutputReader
  /// Nothing suppresses here; the limit is the number of classes told.
  let suppression = Suppression(scoreThreshold: 0, overlapThreshold: 1, isClassWise: true, limit: defaultLimit)
  private let appliesSoftmax: Bool
  private let labelOffset: Int

  init(_ decoding: ClassificationDecoding, labelCount: Int, outputs: [ModelOutput]) throws(ObjectDetectionError) {
    reader = try OutputReader(vectorNamed: decoding.output, among: outputs, needing: "[1, classes] in any rank")
    let classes = reader.columns
    guard decoding.labelOffset >= 0, decoding.labelOffset < classes, labelCount == 0 || decoding.labelOffset + labelCount == classes else {
      throw ObjectDetectionError(
        .unsuitableOutput,
        "output \(decoding.output) has \(classes) classes, but there are \(labelCount) labels from class \(decoding.labelOffset) on"
      )
    }
    appliesSoftmax = decoding.appliesSoftmax
    labelOffset = decoding.labelOffset
  }

  var readers: [OutputReader] { [reader] }
  var candidateCount: Int { reader.columns }

  func collect(into candidates: inout CandidateBuffer, threshold: Float, tensors: (Int) -> UnsafeRawBufferPointer) {
    let bytes = unsafe tensors(reader.index)
    var peak: Float = 0
    var sum: Float = 1
    if appliesSoftmax {
      peak = -.infinity
      sum = 0
      for column in 0..<reader.columns { peak = max(peak, unsafe reader.value(bytes, row: 0, column: column)) }
      for column in 0..<reader.columns { sum += expf(unsafe reader.value(bytes, row: 0, column: column) - peak) }
    }
    for column in labelOffset..<reader.columns {
      let raw = unsafe reader.value(bytes, row: 0, column: column)
      let score = appliesSoftmax ? expf(raw - peak) / sum : raw
      guard score >= threshold, score.isFinite else { continue }
      candidates.append(Candidate(score: score, label: Int32(column - labelOffset), position: Int32(column), x1: 0, y1: 0, x2: 0, y2: 0))
    }
  }
}
