import ModelFormat
import ModelGraph
import Tensors

/// An operator that resamples some axes of a tensor. Evaluation takes any axes; lowering the last one or two of an image.
protocol ResamplingOperator: Operator {
  var resampling: Resampling { get }
  /// Dimensions of the output, and the scale of each axis.
  func target(for inputs: [OperatorInput?]) throws(OperatorError) -> (dimensions: [Int], scales: [Float])
}

extension ResamplingOperator {
  public var quantisationRule: QuantisationRule { .sameAsInput }
  public var prefersChannelsLast: Bool { true }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let x = try inputs.required(0, "X").type
    let dimensions = try checked(try target(for: inputs).dimensions)
    guard dimensions.count == x.dimensions.count, x.elementCount > 0 || dimensions == x.dimensions else {
      throw OperatorError(.invalid, "resizes \(x.dimensions) to \(dimensions)")
    }
    return [TensorType(x.elementType, dimensions)]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    _ = try outputTypes(for: inputs.asInputs)
    let x = try inputs.required(0, "X")
    let (dimensions, scales) = try target(for: inputs.asInputs)
    var values = x.floats()
    var current = x.dimensions
    // The last axis first, as the instruction mixes columns before rows.
    for axis in current.indices.reversed() where current[axis] != dimensions[axis] || scales[axis] != 1 {
      let table = resampling.table(input: current[axis], output: dimensions[axis], scale: scales[axis])
      values = Self.resampled(values, current, axis, table)
      current[axis] = dimensions[axis]
    }
    return [HostTensor(values, dimensions: dimensions).converted(to: x.elementType)]
  }

  private static func resampled(_ values: [Float], _ dimensions: [Int], _ axis: Int, _ table: Resampling.Table) -> [Float] {
    let inner = dimensions[(axis + 1)...].reduce(1, *)
    var result: [Float] = []
    for outer in 0..<dimensions[..<axis].reduce(1, *) {
      let base = outer * dimensions[axis]
      for position in table.first.indices {
        for offset in 0..<inner {
          let a = values[(base + table.first[position]) * inner + offset]
          let b = values[(base + table.second[position]) * inner + offset]
          result.append(a + (b - a) * table.fractions[position])
        }
      }
    }
    return result
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let x = node.input(0) else { throw OperatorError(.invalid, "input 'X' is missing") }
    let y = node.outputs[0]
    let (from, to) = (lowering.dimensions(of: x), lowering.dimensions(of: y))
    let scales = try target(for: lowering.inputs(of: node)).scales
    guard from.count == 3 || from.count == 4, from[..<2] == to[..<2] else {
      throw OperatorError(.unsupported, "resizes \(from) to \(to); only height and width of an image can be resized")
    }
    let layout = Layout.channelsLast(rank: from.count)
    let representation = lowering.representation(of: x)
    if representation == .plain { try lowering.requireFloat(x) }
    let image = { (d: [Int]) in d.count == 3 ? [d[0], 1, d[2], d[1]] : [d[0], d[2], d[3], d[1]] }
    let input = lowering.addView(of: lowering.operand(x, layout: layout, as: representation), dimensions: image(from))
    let output = lowering.addView(of: lowering.result(y, layout: layout, as: representation), dimensions: image(to))
    let rows = from.count == 3 ? resampling.table(input: 1, output: 1, scale: 1) : resampling.table(input: from[2], output: to[2], scale: scales[2])
    let columns = resampling.table(input: from[from.count - 1], output: to[to.count - 1], scale: scales[scales.count - 1])
    let (rowIndices, rowFractions) = lowering.addTables(rows, name: "\(lowering.graph[y].name).rows")
    let (columnIndices, columnFractions) = lowering.addTables(columns, name: "\(lowering.graph[y].name).columns")
    lowering.emit(
      .resize(
        ModelFormat.Resize(
          input: input, output: output, rows: rowIndices, rowFractions: rowFractions, columns: columnIndices, columnFractions: columnFractions)))
  }
}

extension Lowering {
  fileprivate mutating func addTables(_ table: Resampling.Table, name: String) -> (indices: TensorIndex, fractions: TensorIndex) {
    let pairs = zip(table.first, table.second).flatMap { [Int32($0), Int32($1)] }
    return (
      addConstant(HostTensor(pairs, dimensions: [pairs.count]), name: name),
      addConstant(HostTensor(table.fractions, dimensions: [table.fractions.count]), name: "\(name).fractions")
    )
  }
}
