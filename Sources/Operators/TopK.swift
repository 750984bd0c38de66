import ModelFormat
public import ModelGraph
public import Tensors

/// The greatest or least elements along one axis, best first and of equal ones the first first, and their positions (int64). How
/// many: an attribute before operator set 10, a constant input since.
public struct TopK: Operator {
  public static let names = ["TopK"]

  public var axis: Int
  public var count: Int?
  public var findsLeast: Bool

  public init(_ description: OperatorDescription) throws(OperatorError) {
    axis = Int(try description.integer("axis", default: -1))
    findsLeast = try description.integer("largest", default: 1) == 0
    if description.opset < 10 {
      guard description.attributes["k"] != nil else { throw OperatorError(.invalid, "attribute 'k' is missing") }
      count = Int(try description.integer("k", default: 0))
    }
  }

  /// Axis, count and output dimensions.
  func resolved(_ inputs: [OperatorInput?]) throws(OperatorError) -> (axis: Int, count: Int, output: [Int]) {
    var dimensions = try inputs.required(0, "X").type.dimensions
    let axis = try normalised(axis: axis, rank: dimensions.count)
    guard let count = try inputs.integers(1, "K", unless: count.map { [$0] })?.first else { throw OperatorError(.invalid, "input 'K' is missing") }
    guard 0...dimensions[axis] ~= count else { throw OperatorError(.invalid, "takes \(count) elements of an axis of \(dimensions[axis])") }
    dimensions[axis] = count
    return (axis, count, dimensions)
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let output = try resolved(inputs).output
    return [TensorType(try inputs.required(0, "X").type.elementType, output), TensorType(.int64, output)]
  }

  public func evaluationCost(for inputs: [OperatorInput?]) -> EvaluationCost { .sorting(inputs) }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let x = try inputs.required(0, "X")
    let (axis, count, output) = try resolved(inputs.asInputs)
    let rows = AxisRows(x.dimensions, axis: axis)
    let written = AxisRows(output, axis: axis)
    let keys = x.orderKeys(nan: findsLeast ? .min : .max)
    var positions = [Int64](repeating: 0, count: output.elementCount)
    var sources = [Int](repeating: 0, count: output.elementCount)
    for (start, target) in zip(rows.starts, written.starts) {
      let order = (0..<rows.length).sorted { a, b in
        let (left, right) = (keys[start + a * rows.stride], keys[start + b * rows.stride])
        return left == right ? a < b : (left < right) == findsLeast
      }
      for (place, position) in order.prefix(count).enumerated() {
        positions[target + place * written.stride] = Int64(position)
        sources[target + place * written.stride] = start + position * rows.stride
      }
    }
    return [x.picking(sources, dimensions: output), HostTensor(positions, dimensions: output)]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let x = node.input(0) else { throw OperatorError(.invalid, "input 'X' is missing") }
    let (axis, count, output) = try resolved(lowering.inputs(of: node))
    let length = lowering.dimensions(of: x)[axis]
    let representation = try lowering.comparableForm(of: x)
    let layout = Layout(lowering.layout(of: x).order.filter { $0 != axis } + [axis])
    let outer = output.enumerated().filter { $0.offset != axis }.map(\.element).elementCount
    let input = lowering.operand(x, layout: layout, as: representation)
    let positions =
      node.outputs.count > 1
      ? lowering.result(node.outputs[1], layout: layout, as: .plain)
      : lowering.addTensor(name: "\(node.name).positions", elementType: .int64, dimensions: layout.physical(output))
    let values = lowering.result(node.outputs[0], layout: layout, as: representation)
    lowering.emit(
      .topK(
        ModelFormat.TopK(
          input: input, output: positions, outer: Int32(outer), length: Int32(length), count: Int32(count), findsLeast: findsLeast)))
    lowering.emit(
      .gather(
        ModelFormat.Gather(
          input: input, indices: positions, output: values, batch: Int32(outer), extents: [Int32(length)], count: Int32(count), inner: 1,
          sharesIndices: false)))
  }
}
