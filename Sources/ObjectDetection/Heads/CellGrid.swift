/// The cells of one feature map: those of its stride, row by row.
struct CellGrid: Equatable {
  /// The grid's first cell among those of all grids.
  let firstCell: Int
  let rows: Int
  let columns: Int
  /// Pixels of the input.
  let stride: Float

  var cells: Int { rows * columns }

  /// More feature maps than any detector has.
  static let limit = 16

  /// A grid a stride, `⌈side ÷ stride⌉` cells a side.
  static func grids(strides: [Int], inputWidth: Int, inputHeight: Int) throws(ObjectDetectionError) -> [CellGrid] {
    guard !strides.isEmpty, strides.count <= limit, strides.allSatisfy({ $0 > 0 && $0 <= max(inputWidth, inputHeight) }) else {
      throw ObjectDetectionError(
        .invalidDecoding, "strides \(strides.prefix(limit)) don't suit an input of \(inputWidth)×\(inputHeight) pixels: give 1 to \(limit), each above 0")
    }
    var grids: [CellGrid] = []
    var cells = 0
    for stride in strides {
      let grid = CellGrid(
        firstCell: cells, rows: (inputHeight + stride - 1) / stride, columns: (inputWidth + stride - 1) / stride, stride: Float(stride))
      grids.append(grid)
      cells += grid.cells
    }
    return grids
  }
}

extension [CellGrid] {
  /// Cells of all grids.
  var cells: Int { last.map { $0.firstCell + $0.cells } ?? 0 }
}

/// An output of one grid, or of all grids' cells together: which cell of it is a grid's first.
struct GridReader {
  let reader: OutputReader
  let firstRow: Int

  /// One reader a grid.
  /// - Parameters:
  ///   - names: one output for all grids' cells, or one a grid.
  ///   - channels: nil where any number above 0 will do.
  static func readers(
    _ names: [String], of grids: [CellGrid], channels: Int?, among outputs: [ModelOutput]
  ) throws(ObjectDetectionError) -> [GridReader] {
    guard names.count == 1 || names.count == grids.count else {
      throw ObjectDetectionError(
        .invalidDecoding, "\(names.count) outputs (\(names.prefix(4).joined(separator: ", "))…) for \(grids.count) strides: name one a stride, or one for all")
    }
    var readers: [GridReader] = []
    for (at, grid) in grids.enumerated() {
      let isShared = names.count == 1
      let reader = try OutputReader(
        cellsNamed: isShared ? names[0] : names[at], among: outputs, cells: isShared ? grids.cells : grid.cells,
        grid: isShared && grids.count > 1 ? nil : (grid.rows, grid.columns), channels: channels)
      readers.append(GridReader(reader: reader, firstRow: isShared ? grid.firstCell : 0))
    }
    return readers
  }
}
