import Glibc
import ModelManifest

/// Anchor-free grids (YOLOX, Ge et al. 2021): one box a cell, labelled with its best class; score = objectness × class score.
struct YOLOXHead: DetectionHead {
  let reader: OutputReader
  let suppression: Suppression
  private let appliesSigmoid: Bool
  /// For each grid: its first row in the output, columns, and the stride in input pixels.
  private let grids: [(firstRow: Int, rows: Int, columns: Int, stride: Float)]

  init(_ decoding: YOLOXDecoding, labelCount: Int, inputWidth: Int, inputHeight: Int, outputs: [ModelOutput]) throws(ObjectDetectionError) {
    let shape = "[1, cells, 5 + classes]"
    reader = try OutputReader(named: decoding.output, among: outputs, needing: shape)
    guard !decoding.strides.isEmpty, decoding.strides.allSatisfy({ $0 > 0 && inputWidth % $0 == 0 && inputHeight % $0 == 0 }) else {
      throw ObjectDetectionError(.invalidDecoding, "strides \(decoding.strides) must divide the input's \(inputWidth)×\(inputHeight) pixels")
    }
    var grids: [(firstRow: Int, rows: Int, columns: Int, stride: Float)] = []
    var cells = 0
    for stride in decoding.strides {
      grids.append((cells, inputHeight / stride, inputWidth / stride, Float(stride)))
      cells += (inputHeight / stride) * (inputWidth / stride)
    }
    guard reader.rows == cells else {
      throw ObjectDetectionError(
        .unsuitableOutput,
        "output \(decoding.output) has \(reader.rows) cells, but strides \(decoding.strides) on \(inputWidth)×\(inputHeight) pixels make \(cells): correct the "
          + "recipe's strides or input size")
    }
    guard reader.columns > 5, labelCount == 0 || reader.columns == 5 + labelCount else {
      throw ObjectDetectionError(
        .unsuitableOutput, "output \(decoding.output) has \(reader.columns) values a cell, but \(labelCount) labels need \(5 + labelCount)")
    }
    self.grids = grids
    suppression = decoding.suppression
    appliesSigmoid = decoding.appliesSigmoid
  }

  var readers: [OutputReader] { [reader] }
  var candidateCount: Int { reader.rows }

  func collect(into candidates: inout CandidateBuffer, threshold: Float, tensors: (Int) -> UnsafeRawBufferPointer) {
    let bytes = unsafe tensors(reader.index)
    for at in grids.indices {
      let grid = grids[at]
      for row in 0..<grid.rows {
        for column in 0..<grid.columns {
          unsafe collectCell(grid.firstRow + row * grid.columns + column, column: column, row: row, stride: grid.stride, bytes, threshold, &candidates)
        }
      }
    }
  }

  @inline(__always)
  private func collectCell(
    _ cell: Int, column: Int, row: Int, stride: Float, _ bytes: UnsafeRawBufferPointer, _ threshold: Float, _ candidates: inout CandidateBuffer
  ) {
    let rawObjectness = unsafe reader.value(bytes, row: cell, column: 4)
    let objectness = appliesSigmoid ? sigmoid(rawObjectness) : rawObjectness
    // Class scores are probabilities, so a cell can't score above its objectness.
    guard objectness >= threshold else { return }
    let (label, best) = unsafe reader.best(bytes, row: cell, from: 5, count: reader.columns - 5)
    let score = objectness * (appliesSigmoid ? sigmoid(best) : best)
    guard score >= threshold else { return }
    let x = (unsafe reader.value(bytes, row: cell, column: 0) + Float(column)) * stride
    let y = (unsafe reader.value(bytes, row: cell, column: 1) + Float(row)) * stride
    let halfWidth = expf(unsafe reader.value(bytes, row: cell, column: 2)) * stride / 2
    let halfHeight = expf(unsafe reader.value(bytes, row: cell, column: 3)) * stride / 2
    candidates.appendBox(
      score: score, label: label, position: cell, x1: x - halfWidth, y1: y - halfHeight, x2: x + halfWidth, y2: y + halfHeight)
  }
}
