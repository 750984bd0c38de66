import ModelFormat
import ModelGraph
import Tensors

/// Emits a resampling: the last one or two axes of an image by one instruction on channels-last data, everything else axis by axis on dense
/// data, by tables where an output position is made of two neighbours at most, by a product with the matrix of weights else.
struct ResamplingLowering {
  let resampling: Resampling
  let axes: [Resampling.Axis]
  let input: ValueID
  let output: ValueID

  func lower(into lowering: inout Lowering) throws(OperatorError) {
    var rows: [Int: [Resampling.Taps?]] = [:]
    for axis in axes.indices where axes[axis].changes { rows[axis] = try resampling.rows(axes[axis]) }
    if rows.isEmpty { return lowering.passThrough(input, to: output) }
    let tables = rows.mapValues { Table($0) }
    let isImage = (axes.count == 3 || axes.count == 4) && rows.keys.allSatisfy { $0 >= 2 }
    let isFloat = lowering.representation(of: input) != .plain || lowering.graph.type(of: input).elementType == .float32
    if isImage, isFloat, tables.values.allSatisfy({ $0 != nil }) {
      try lowerImage(tables.mapValues { $0! }, into: &lowering)
    } else {
      try lowerAxes(rows, into: &lowering)
    }
  }

  // MARK: Images

  private func lowerImage(_ tables: [Int: Table], into lowering: inout Lowering) throws(OperatorError) {
    let (from, to) = (axes.map(\.input), axes.map(\.output))
    for extent in from[2...] + to[2...] { try checkTable([extent]) }
    let layout = Layout.channelsLast(rank: from.count)
    // Means are rounded to 8 bits only where the result is to have the very form that the input has.
    let given = lowering.representation(of: input)
    let isKept = resampling.mode == .nearest || lowering.graph[output].stored.map { given == .stored($0) } ?? false
    let representation = isKept ? given : .plain
    if representation == .plain { try lowering.requireFloat(input) }
    let image = { (d: [Int]) in d.count == 3 ? [d[0], 1, d[2], d[1]] : [d[0], d[2], d[3], d[1]] }
    let x = lowering.addView(of: lowering.operand(input, layout: layout, as: representation), dimensions: image(from))
    let y = lowering.addView(of: lowering.result(output, layout: layout, as: representation), dimensions: image(to))
    let table = { (axis: Int) in tables[axis] ?? Table(identity: axis < 2 ? 1 : from[axis]) }
    lowering.emitResize(x, to: y, rows: table(from.count == 3 ? 0 : 2), columns: table(from.count - 1))
  }

  // MARK: Any axes

  private func lowerAxes(_ rows: [Int: [Resampling.Taps?]], into lowering: inout Lowering) throws(OperatorError) {
    let mixes = resampling.mode != .nearest
    let stored = lowering.representation(of: input)
    let extrapolation = HostTensor([resampling.extrapolation], dimensions: [])
    let representation = mixes ? .plain : lowering.representation(stored, holding: extrapolation, in: output)
    // Nearest neighbours of any type are gathered; mixing takes float32.
    if mixes { try lowering.requireFloat(input) }
    let isGathered = representation == .plain && lowering.graph.type(of: input).elementType != .float32
    let layout = Layout.identity(rank: axes.count)
    var current = lowering.operand(input, layout: layout, as: representation)
    let result = lowering.result(output, layout: layout, as: representation)
    // What lies outside the input is a margin around a box.
    let inside = try axes.indices.map { (axis) throws(OperatorError) in try Self.inside(rows[axis], count: axes[axis].output) }
    let isCovered = zip(inside, axes).allSatisfy { $0 == 0..<$1.output }
    let last = rows.keys.min()!
    var dimensions = axes.map(\.input)
    if inside.contains(where: \.isEmpty) { return lowering.emit(.fill(extrapolated(result, in: lowering))) }
    for axis in rows.keys.sorted(by: >) {
      let own = inside[axis].map { rows[axis]![$0]! }
      let (outer, inner) = (dimensions[..<axis].elementCount, dimensions[(axis + 1)...].elementCount)
      let length = dimensions[axis]
      dimensions[axis] = own.count
      let target = axis == last && isCovered ? result : lowering.addTensor(like: result, dimensions: dimensions)
      if isGathered {
        let places = HostTensor(own.map { Int64($0[0].position) }, dimensions: [own.count])
        try lowering.emitGather(
          current, lowering.addConstant(places, name: "places"), to: target, batch: outer, extents: [length], count: own.count, inner: inner,
          sharesIndices: true)
      } else if let table = Table(own) {
        let x = lowering.addView(of: current, dimensions: [outer, length, 1, inner])
        lowering.emitResize(x, to: lowering.addView(of: target, dimensions: [outer, own.count, 1, inner]), rows: table, columns: Table(identity: 1))
      } else {
        try lowering.emitMix(own, of: current, to: target, outer: outer, length: length, inner: inner)
      }
      current = target
    }
    guard !isCovered else { return }
    lowering.emit(.fill(extrapolated(result, in: lowering)))
    let strides = axes.map(\.output).rowMajorStrides
    let offset = zip(inside, strides).reduce(0) { $0 + $1.0.lowerBound * $1.1 }
    lowering.emitMove(dimensions, from: current, dimensions.rowMajorStrides, offset: 0, to: result, strides, offset: offset)
  }

  private func extrapolated(_ tensor: TensorIndex, in lowering: Lowering) -> Fill {
    let description = lowering.tensors[Int(tensor)]
    guard let quantisation = description.quantisation else {
      let element = HostTensor([resampling.extrapolation], dimensions: []).converted(to: description.elementType)
      return Fill(output: tensor, pattern: element.bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) })
    }
    let value = quantisation.quantised(resampling.extrapolation, in: description.elementType.eightBitRange!)
    return Fill(output: tensor, pattern: UInt64(UInt8(truncatingIfNeeded: value)))
  }

  /// The output positions along an axis that lie inside: they follow each other, since coordinates rise or fall throughout.
  private static func inside(_ rows: [Resampling.Taps?]?, count: Int) throws(OperatorError) -> Range<Int> {
    guard let rows else { return 0..<count }
    let found = rows.indices.filter { rows[$0] != nil }
    guard let first = found.first, let last = found.last else { return 0..<0 }
    guard last - first == found.count - 1 else { throw OperatorError(.unsupported, "lies outside its input in places") }
    return first..<last + 1
  }

  /// Two sources for each output position and the weight of the second.
  struct Table {
    var first: [Int] = []
    var second: [Int] = []
    var fractions: [Float] = []

    init(identity count: Int) {
      first = Array(0..<count)
      second = first
      fractions = [Float](repeating: 0, count: count)
    }

    /// nil where a position takes more than two sources, or none.
    init?(_ rows: [Resampling.Taps?]) {
      for row in rows {
        guard let row, 1...2 ~= row.count, row.reduce(0, { $0 + $1.weight }) == 1 || abs(row.reduce(-1, { $0 + $1.weight })) < 1e-6 else { return nil }
        first.append(row[0].position)
        second.append(row[row.count - 1].position)
        fractions.append(row.count == 1 ? 0 : Float(row[1].weight))
      }
    }
  }
}

extension Lowering {
  fileprivate mutating func emitResize(
    _ input: TensorIndex, to output: TensorIndex, rows: ResamplingLowering.Table, columns: ResamplingLowering.Table
  ) {
    let name = tensors[Int(output)].name
    let (rowIndices, rowFractions) = addTables(rows, name: "\(name).rows")
    let (columnIndices, columnFractions) = addTables(columns, name: "\(name).columns")
    emit(
      .resize(
        ModelFormat.Resize(
          input: input, output: output, rows: rowIndices, rowFractions: rowFractions, columns: columnIndices, columnFractions: columnFractions)))
  }

  private mutating func addTables(_ table: ResamplingLowering.Table, name: String) -> (indices: TensorIndex, fractions: TensorIndex) {
    let pairs = zip(table.first, table.second).flatMap { [Int32($0), Int32($1)] }
    return (
      addConstant(HostTensor(pairs, dimensions: [pairs.count]), name: name),
      addConstant(HostTensor(table.fractions, dimensions: [table.fractions.count]), name: "\(name).fractions")
    )
  }

  /// Emits `y[outer, row, :] = Σ weight · x[outer, position, :]` as a product with the matrix of weights.
  fileprivate mutating func emitMix(
    _ rows: [Resampling.Taps], of input: TensorIndex, to output: TensorIndex, outer: Int, length: Int, inner: Int
  ) throws(OperatorError) {
    guard rows.count * length <= 1 << 24 else { throw OperatorError(.unsupported, "mixes \(length) elements into \(rows.count), too many for a matrix") }
    var matrix = [Float](repeating: 0, count: rows.count * length)
    for (row, taps) in rows.enumerated() {
      for tap in taps { matrix[row * length + tap.position] += Float(tap.weight) }
    }
    emit(
      .matrixProduct(
        MatrixProduct(
          left: addConstant(HostTensor(matrix, dimensions: [rows.count, length]), name: "\(tensors[Int(output)].name).weights"), right: input,
          output: output, batch: Int32(outer), m: Int32(rows.count), n: Int32(inner), k: Int32(length), leftBatchStride: 0,
          rightBatchStride: Int64(length * inner), isRightTransposed: false)))
  }
}
