import Glibc
import ModelManifest

/// FastestDet's one grid: one box a cell, labelled with its best class.
struct FastestDetHead: DetectionHead {
  let suppression: Suppression
  private let reader: OutputReader
  private let grid: CellGrid
  private let objectnessExponent: Float
  private let classExponent: Float
  private let inputWidth: Float
  private let inputHeight: Float

  init(_ decoding: FastestDetDecoding, labelCount: Int, inputWidth: Int, inputHeight: Int, outputs: [ModelOutput]) throws(ObjectDetectionError) {
    let exponents = 0...8 as ClosedRange<Float>
    guard exponents.contains(decoding.objectnessExponent), exponents.contains(decoding.classExponent) else {
      throw ObjectDetectionError(.invalidDecoding, "the exponents of the score must be from 0 to 8")
    }
    grid = try CellGrid.grids(strides: [decoding.stride], inputWidth: inputWidth, inputHeight: inputHeight)[0]
    reader = try OutputReader(
      cellsNamed: decoding.output, among: outputs, cells: grid.cells, grid: (grid.rows, grid.columns), channels: labelCount == 0 ? nil : 5 + labelCount)
    guard reader.columns > 5 else {
      throw ObjectDetectionError(.unsuitableOutput, "output \(decoding.output) has \(reader.columns) channels: 5 leave no class")
    }
    objectnessExponent = decoding.objectnessExponent
    classExponent = decoding.classExponent
    self.inputWidth = Float(inputWidth)
    self.inputHeight = Float(inputHeight)
    suppression = decoding.suppression
  }

  var readers: [OutputReader] { [reader] }
  var candidateCount: Int { grid.cells }

  func collect(into candidates: inout CandidateBuffer, threshold: Float, tensors: (Int) -> UnsafeRawBufferPointer) {
    let bytes = unsafe tensors(reader.index)
    for cell in 0..<grid.cells {
      let objectness = powf(unsafe reader.value(bytes, row: cell, column: 0), objectnessExponent)
      guard objectness >= threshold else { continue }
      let (label, best) = unsafe reader.best(bytes, row: cell, from: 5, count: reader.columns - 5)
      let score = objectness * powf(best, classExponent)
      guard score >= threshold else { continue }
      let x = (tanhf(unsafe reader.value(bytes, row: cell, column: 1)) + Float(cell % grid.columns)) * grid.stride
      let y = (tanhf(unsafe reader.value(bytes, row: cell, column: 2)) + Float(cell / grid.columns)) * grid.stride
      let halfWidth = sigmoid(unsafe reader.value(bytes, row: cell, column: 3)) * inputWidth / 2
      let halfHeight = sigmoid(unsafe reader.value(bytes, row: cell, column: 4)) * inputHeight / 2
      candidates.appendBox(
        score: score, label: label, position: cell, x1: x - halfWidth, y1: y - halfHeight, x2: x + halfWidth, y2: y + halfHeight)
    }
  }
}
