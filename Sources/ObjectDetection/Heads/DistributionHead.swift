import Glibc
import ModelManifest

/// Anchor-free grids whose sides are distributions (Li et al. 2020): one box a cell, labelled with its best class.
struct DistributionHead: DetectionHead {
  let suppression: Suppression
  private let grids: [CellGrid]
  private let scores: [GridReader]
  private let distances: [GridReader]
  private let firstScore: Int
  private let firstDistance: Int
  private let classes: Int
  private let bins: Int
  private let cellOffset: Float
  private let appliesSigmoid: Bool

  init(_ decoding: DistributionDecoding, labelCount: Int, inputWidth: Int, inputHeight: Int, outputs: [ModelOutput]) throws(ObjectDetectionError) {
    guard 1...256 ~= decoding.bins else {
      throw ObjectDetectionError(.invalidDecoding, "\(decoding.bins) bins a side are impossible: give 1 to 256 (one above the model's reg_max)")
    }
    guard decoding.cellOffset.isFinite else { throw ObjectDetectionError(.invalidDecoding, "the cell offset is no number: 0.5 is a cell's middle") }
    grids = try CellGrid.grids(strides: decoding.strides, inputWidth: inputWidth, inputHeight: inputHeight)
    let sides = 4 * decoding.bins
    let isShared = decoding.distances.isEmpty
    let scoreChannels = labelCount == 0 ? nil : labelCount + (isShared ? sides : 0)
    let scores = try GridReader.readers(decoding.scores, of: grids, channels: scoreChannels, among: outputs)
    self.scores = scores
    distances = isShared ? scores : try GridReader.readers(decoding.distances, of: grids, channels: sides, among: outputs)
    classes = scores[0].reader.columns - (isShared ? sides : 0)
    guard classes > 0, scores.allSatisfy({ $0.reader.columns == scores[0].reader.columns }) else {
      throw ObjectDetectionError(
        .unsuitableOutput,
        "outputs \(decoding.scores.prefix(4).joined(separator: ", ")) have \(scores.map(\.reader.columns)) channels, which leave no one number of classes "
          + "beside \(isShared ? sides : 0) for \(decoding.bins) bins a side")
    }
    firstScore = isShared && decoding.order == .distancesFirst ? sides : 0
    firstDistance = isShared && decoding.order == .scoresFirst ? classes : 0
    bins = decoding.bins
    cellOffset = decoding.cellOffset
    appliesSigmoid = decoding.appliesSigmoid
    suppression = decoding.suppression
  }

  var readers: [OutputReader] { (scores + distances).map(\.reader) }
  var candidateCount: Int { grids.cells }

  func collect(into candidates: inout CandidateBuffer, threshold: Float, tensors: (Int) -> UnsafeRawBufferPointer) {
    for at in grids.indices {
      let scoreBytes = unsafe tensors(scores[at].reader.index)
      let distanceBytes = unsafe tensors(distances[at].reader.index)
      for cell in 0..<grids[at].cells {
        let (label, best) = unsafe scores[at].reader.best(scoreBytes, row: scores[at].firstRow + cell, from: firstScore, count: classes)
        let score = appliesSigmoid ? sigmoid(best) : best
        guard score >= threshold else { continue }
        unsafe collectBox(at, cell: cell, label: label, score: score, distanceBytes, &candidates)
      }
    }
  }

  private func collectBox(
    _ at: Int, cell: Int, label: Int, score: Float, _ bytes: UnsafeRawBufferPointer, _ candidates: inout CandidateBuffer
  ) {
    let grid = grids[at]
    let row = distances[at].firstRow + cell
    let x = (Float(cell % grid.columns) + cellOffset) * grid.stride
    let y = (Float(cell / grid.columns) + cellOffset) * grid.stride
    let x1 = x - grid.stride * (unsafe distance(distances[at].reader, bytes, row: row, side: 0))
    let y1 = y - grid.stride * (unsafe distance(distances[at].reader, bytes, row: row, side: 1))
    let x2 = x + grid.stride * (unsafe distance(distances[at].reader, bytes, row: row, side: 2))
    let y2 = y + grid.stride * (unsafe distance(distances[at].reader, bytes, row: row, side: 3))
    candidates.appendBox(score: score, label: label, position: grid.firstCell + cell, x1: x1, y1: y1, x2: x2, y2: y2)
  }

  /// The distance to a side in strides: the expectation of its softmax.
  @inline(__always)
  private func distance(_ reader: OutputReader, _ bytes: UnsafeRawBufferPointer, row: Int, side: Int) -> Float {
    let first = firstDistance + side * bins
    guard bins > 1 else { return unsafe reader.value(bytes, row: row, column: first) }
    var peak = -Float.infinity
    for bin in 0..<bins { peak = max(peak, unsafe reader.value(bytes, row: row, column: first + bin)) }
    var sum: Float = 0
    var expectation: Float = 0
    for bin in 0..<bins {
      let weight = expf(unsafe reader.value(bytes, row: row, column: first + bin) - peak)
      sum += weight
      expectation += weight * Float(bin)
    }
    return expectation / sum
  }
}
