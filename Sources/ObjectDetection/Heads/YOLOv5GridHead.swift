import ModelManifest

/// The raw anchored grids of YOLOv5: one box a cell and anchor.
struct YOLOv5GridHead: DetectionHead {
  let suppression: Suppression
  /// One anchor on one grid: where its cells and its values begin.
  private struct Plane {
    let grid: CellGrid
    let anchor: BoxSize
    let reader: OutputReader
    let firstRow: Int
    let firstColumn: Int
    let firstPosition: Int
  }

  private let planes: [Plane]
  private let classes: Int
  private let appliesSigmoid: Bool

  init(_ decoding: YOLOv5Decoding, labelCount: Int, inputWidth: Int, inputHeight: Int, outputs: [ModelOutput]) throws(ObjectDetectionError) {
    let grids = try CellGrid.grids(strides: decoding.strides, inputWidth: inputWidth, inputHeight: inputHeight)
    guard decoding.outputs.count == grids.count, decoding.anchors.count == grids.count else {
      throw ObjectDetectionError(
        .invalidDecoding,
        "\(decoding.outputs.count) outputs and \(decoding.anchors.count) lists of anchors for \(grids.count) strides: give one of each a stride")
    }
    guard decoding.anchors.allSatisfy({ 1...64 ~= $0.count && $0.allSatisfy(\.isPossible) }) else {
      throw ObjectDetectionError(.invalidDecoding, "each stride has 1 to 64 anchors, each a width and a height above 0")
    }
    var planes: [Plane] = []
    var positions = 0
    var perBox: Int?
    for (at, grid) in grids.enumerated() {
      let anchors = decoding.anchors[at]
      let wanted = labelCount == 0 ? perBox : 5 + labelCount
      let (reader, isAnchorMajor) = try Self.reader(decoding.outputs[at], grid: grid, anchors: anchors.count, perBox: wanted, outputs: outputs)
      let values = isAnchorMajor ? reader.columns : reader.columns / anchors.count
      perBox = values
      for (anchor, size) in anchors.enumerated() {
        planes.append(
          Plane(
            grid: grid, anchor: size, reader: reader, firstRow: isAnchorMajor ? anchor * grid.cells : 0, firstColumn: isAnchorMajor ? 0 : anchor * values,
            firstPosition: positions))
        positions += grid.cells
      }
    }
    self.planes = planes
    classes = (perBox ?? 0) - 5
    guard classes > 0 else { throw ObjectDetectionError(.unsuitableOutput, "the outputs have \(classes + 5) values a box: 5 leave no class") }
    appliesSigmoid = decoding.appliesSigmoid
    suppression = decoding.suppression
  }

  /// A reader whose rows are cells (each with all anchors' values), or cells of each anchor in turn.
  private static func reader(
    _ name: String, grid: CellGrid, anchors: Int, perBox: Int?, outputs: [ModelOutput]
  ) throws(ObjectDetectionError) -> (OutputReader, isAnchorMajor: Bool) {
    let index = try OutputReader.find(name, among: outputs)
    let declared = outputs[index].port.declaredDimensions
    if declared.count == 5 {
      guard Array(declared[..<4]) == [1, anchors, grid.rows, grid.columns], declared[4] > 5, perBox == nil || declared[4] == perBox else {
        let values = perBox.map { "\($0)" } ?? "5 + classes"
        throw ObjectDetectionError(
          .unsuitableOutput, "output \(name) is \(declared), but the recipe needs [1, \(anchors), \(grid.rows), \(grid.columns), \(values)]")
      }
      return (try OutputReader(index: index, output: outputs[index], rowAxes: [1, 2, 3], columnAxes: [4]), true)
    }
    let reader = try OutputReader(
      cellsNamed: name, among: outputs, cells: grid.cells, grid: (grid.rows, grid.columns), channels: perBox.map { $0 * anchors })
    guard reader.columns % anchors == 0, reader.columns / anchors > 5 else {
      throw ObjectDetectionError(
        .unsuitableOutput, "output \(name) has \(reader.columns) channels, which are not 5 and the classes for each of \(anchors) anchors")
    }
    return (reader, false)
  }

  var readers: [OutputReader] { planes.map(\.reader) }
  var candidateCount: Int { planes.reduce(0) { $0 + $1.grid.cells } }

  func collect(into candidates: inout CandidateBuffer, threshold: Float, tensors: (Int) -> UnsafeRawBufferPointer) {
    for at in planes.indices {
      let bytes = unsafe tensors(planes[at].reader.index)
      for cell in 0..<planes[at].grid.cells { unsafe collectCell(cell, of: planes[at], bytes, threshold, &candidates) }
    }
  }

  @inline(__always)
  private func collectCell(
    _ cell: Int, of plane: Plane, _ bytes: UnsafeRawBufferPointer, _ threshold: Float, _ candidates: inout CandidateBuffer
  ) {
    let row = plane.firstRow + cell
    let objectness = unsafe value(plane, bytes, row: row, at: 4)
    guard objectness >= threshold else { return }
    let (label, best) = unsafe plane.reader.best(bytes, row: row, from: plane.firstColumn + 5, count: classes)
    let score = objectness * (appliesSigmoid ? sigmoid(best) : best)
    guard score >= threshold else { return }
    let x = (2 * (unsafe value(plane, bytes, row: row, at: 0)) - 0.5 + Float(cell % plane.grid.columns)) * plane.grid.stride
    let y = (2 * (unsafe value(plane, bytes, row: row, at: 1)) - 0.5 + Float(cell / plane.grid.columns)) * plane.grid.stride
    let width = 2 * (unsafe value(plane, bytes, row: row, at: 2))
    let height = 2 * (unsafe value(plane, bytes, row: row, at: 3))
    let halfWidth = width * width * plane.anchor.width / 2
    let halfHeight = height * height * plane.anchor.height / 2
    candidates.appendBox(
      score: score, label: label, position: plane.firstPosition + cell, x1: x - halfWidth, y1: y - halfHeight, x2: x + halfWidth, y2: y + halfHeight)
  }

  @inline(__always)
  private func value(_ plane: Plane, _ bytes: UnsafeRawBufferPointer, row: Int, at: Int) -> Float {
    let raw = unsafe plane.reader.value(bytes, row: row, column: plane.firstColumn + at)
    return appliesSigmoid ? sigmoid(raw) : raw
  }
}

extension BoxSize {
  /// Both sides are numbers above 0 that a model may mean.
  var isPossible: Bool { width > 0 && height > 0 && width <= 1e6 && height <= 1e6 }
}
