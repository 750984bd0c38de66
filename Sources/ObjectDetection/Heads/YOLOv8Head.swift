import ModelManifest

/// Decoded anchor-free boxes without objectness: one label a box, its best class.
struct YOLOv8Head: DetectionHead {
  let suppression: Suppression
  private let reader: OutputReader
  private let scaleX: Float
  private let scaleY: Float

  init(_ decoding: YOLOv8Decoding, labelCount: Int, inputWidth: Int, inputHeight: Int, outputs: [ModelOutput]) throws(ObjectDetectionError) {
    let grids = try CellGrid.grids(strides: decoding.strides, inputWidth: inputWidth, inputHeight: inputHeight)
    reader = try OutputReader(
      cellsNamed: decoding.output, among: outputs, cells: grids.cells, grid: nil, channels: labelCount == 0 ? nil : 4 + labelCount)
    guard reader.columns > 4 else {
      throw ObjectDetectionError(.unsuitableOutput, "output \(decoding.output) has \(reader.columns) channels: 4 for the box leave no class")
    }
    scaleX = decoding.isNormalised ? Float(inputWidth) : 1
    scaleY = decoding.isNormalised ? Float(inputHeight) : 1
    suppression = decoding.suppression
  }

  var readers: [OutputReader] { [reader] }
  var candidateCount: Int { reader.rows }

  func collect(into candidates: inout CandidateBuffer, threshold: Float, tensors: (Int) -> UnsafeRawBufferPointer) {
    let bytes = unsafe tensors(reader.index)
    for row in 0..<reader.rows {
      let (label, score) = unsafe reader.best(bytes, row: row, from: 4, count: reader.columns - 4)
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
