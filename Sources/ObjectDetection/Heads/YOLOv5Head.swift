import ModelManifest

/// Boxes with objectness, decoded already: one label a box, its best class; score = objectness × class score.
struct YOLOv5Head: DetectionHead {
  let suppression: Suppression
  private let reader: OutputReader
  private let appliesSigmoid: Bool
  private let scaleX: Float
  private let scaleY: Float

  init(_ decoding: YOLOv5Decoding, labelCount: Int, inputWidth: Int, inputHeight: Int, outputs: [ModelOutput]) throws(ObjectDetectionError) {
    guard decoding.outputs.count == 1 else {
      throw ObjectDetectionError(
        .invalidDecoding, "\(decoding.outputs.count) outputs without anchors: decoded boxes are one output, raw heads need each stride's anchors")
    }
    let grids = try CellGrid.grids(strides: decoding.strides, inputWidth: inputWidth, inputHeight: inputHeight)
    let name = decoding.outputs[0]
    reader = try OutputReader(named: name, among: outputs, needing: "[1, boxes, 5 + classes]")
    guard reader.columns > 5, labelCount == 0 || reader.columns == 5 + labelCount else {
      throw ObjectDetectionError(.unsuitableOutput, "output \(name) has \(reader.columns) values a box, but \(labelCount) labels need \(5 + labelCount)")
    }
    guard reader.rows % grids.cells == 0 else {
      throw ObjectDetectionError(
        .unsuitableOutput,
        "output \(name) has \(reader.rows) boxes, no multiple of the \(grids.cells) cells that strides \(decoding.strides) make of "
          + "\(inputWidth)×\(inputHeight) pixels: correct the recipe's strides or input size")
    }
    appliesSigmoid = decoding.appliesSigmoid
    scaleX = decoding.isNormalised ? Float(inputWidth) : 1
    scaleY = decoding.isNormalised ? Float(inputHeight) : 1
    suppression = decoding.suppression
  }

  var readers: [OutputReader] { [reader] }
  var candidateCount: Int { reader.rows }

  func collect(into candidates: inout CandidateBuffer, threshold: Float, tensors: (Int) -> UnsafeRawBufferPointer) {
    let bytes = unsafe tensors(reader.index)
    for row in 0..<reader.rows {
      let raw = unsafe reader.value(bytes, row: row, column: 4)
      let objectness = appliesSigmoid ? sigmoid(raw) : raw
      // Class scores are probabilities, so a box can't score above its objectness.
      guard objectness >= threshold else { continue }
      let (label, best) = unsafe reader.best(bytes, row: row, from: 5, count: reader.columns - 5)
      let score = objectness * (appliesSigmoid ? sigmoid(best) : best)
      guard score >= threshold else { continue }
      let x = scaleX * (unsafe reader.value(bytes, row: row, column: 0))
      let y = scaleY * (unsafe reader.value(bytes, row: row, column: 1))
      let halfWidth = scaleX * (unsafe reader.value(bytes, row: row, column: 2)) / 2
      let halfHeight = scaleY * (unsafe reader.value(bytes, row: row, column: 3)) / 2
      candidates.appendBox(
        score: score, label: label, position: row, x1: x - halfWidth, y1: y - halfHeight, x2: x + halfWidth, y2: y + halfHeight)
    }
  }
}
