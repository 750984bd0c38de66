import ModelFormat
public import ModelGraph
import Tensors

/// Takes the entries of one axis that indices name: by copies where they are constants, else at run time.
public struct Gather: MovingOperator {
  public static let names = ["Gather"]

  public var axis: Int

  public init(_ description: OperatorDescription) throws(OperatorError) {
    axis = Int(try description.integer("axis", default: 0))
  }

  private func shape(_ inputs: [OperatorInput?]) throws(OperatorError) -> (axis: Int, output: [Int]) {
    let dimensions = try inputs.required(0, "data").type.dimensions
    let axis = try normalised(axis: axis, rank: dimensions.count)
    return (axis, try checked(Array(dimensions[..<axis]) + inputs.indices(1).type.dimensions + Array(dimensions[(axis + 1)...])))
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    [TensorType(try inputs.required(0, "data").type.elementType, try shape(inputs).output)]
  }

  /// Constant entries that take more copies than this are gathered like others.
  private static let mostCopies = 256

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    let inputs = lowering.inputs(of: node)
    guard let data = node.input(0), let indices = node.input(1) else { throw OperatorError(.invalid, "inputs are missing") }
    if lowering.isConstant(indices) {
      let movement = try movement(for: inputs)
      if movement.copies.count <= Self.mostCopies { return try lowering.lower(movement, of: node) }
    }
    let axis = try shape(inputs).axis
    if axis == 0, let table = NarrowedTable(of: data, in: lowering) { return try table.lower(node, into: &lowering) }
    let (dimensions, output) = (lowering.dimensions(of: data), lowering.dimensions(of: node.outputs[0]))
    let form = lowering.representation(of: data)
    let x = lowering.operand(data, layout: .identity(rank: dimensions.count), as: form)
    let entries = lowering.operand(indices, layout: .identity(rank: lowering.dimensions(of: indices).count), as: .plain)
    let y = lowering.result(node.outputs[0], layout: .identity(rank: output.count), as: form)
    try lowering.emitGather(
      x, entries, to: y, batch: dimensions[..<axis].elementCount, extents: [dimensions[axis]], count: lowering.dimensions(of: indices).elementCount,
      inner: dimensions[(axis + 1)...].elementCount, sharesIndices: true)
  }

  /// Indices that are computed choose by place all the same.
  public func elementOrigin(for inputs: [OperatorInput?]) -> ElementOrigin { .moved }

  public func movement(for inputs: [OperatorInput?]) throws(OperatorError) -> Movement {
    let (axis, output) = try shape(inputs)
    let dimensions = try inputs.required(0, "data").type.dimensions
    let shape = try inputs.required(1, "indices").type.dimensions
    guard let indices = try inputs.integers(1, "indices") else { throw OperatorError(.invalid, "input 'indices' is missing") }
    let entries = try indices.map { (index) throws(OperatorError) in try position(index, of: dimensions[axis]) }
    // One row of the index tensor after the other; evenly stepping entries of a row move in one copy.
    let rowLength = shape.last ?? 1
    var copies: [BoxCopy] = []
    for row in 0..<(rowLength == 0 ? 0 : entries.count / rowLength) {
      for run in IndexRun.runs(of: Array(entries[row * rowLength..<(row + 1) * rowLength])) {
        copies.append(copy(run, row: row, axis: axis, dimensions: dimensions, shape: shape))
      }
    }
    return Movement(outputs: [output], copies: output.contains(0) ? [] : copies)
  }

  private func copy(_ run: IndexRun, row: Int, axis: Int, dimensions: [Int], shape: [Int]) -> BoxCopy {
    let added = shape.count - 1
    var loops = (0..<axis).map { BoxCopy.Loop(dimensions[$0], input: ($0, 1), output: ($0, 1)) }
    loops += (axis + 1..<dimensions.count).map { BoxCopy.Loop(dimensions[$0], input: ($0, 1), output: ($0 + added, 1)) }
    var inputStart = [Int](repeating: 0, count: dimensions.count)
    var outputStart = [Int](repeating: 0, count: dimensions.count + added)
    inputStart[axis] = run.first
    guard !shape.isEmpty else { return BoxCopy(inputStart: inputStart, outputStart: outputStart, loops: loops) }
    var rest = row
    for position in (0..<added).reversed() {
      outputStart[axis + position] = rest % shape[position]
      rest /= shape[position]
    }
    outputStart[axis + added] = run.position
    loops.append(BoxCopy.Loop(run.count, input: (axis, run.step), output: (axis + added, 1)))
    return BoxCopy(inputStart: inputStart, outputStart: outputStart, loops: loops)
  }
}
