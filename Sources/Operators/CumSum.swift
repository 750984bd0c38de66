import ModelFormat
public import ModelGraph
public import Tensors

/// Running sums along a constant axis: with each element or without it (`exclusive`), from the front or the end (`reverse`).
public struct CumSum: Operator {
  public static let names = ["CumSum"]

  public var isExclusive: Bool
  public var isReversed: Bool

  public init(_ description: OperatorDescription) throws(OperatorError) {
    isExclusive = try description.integer("exclusive", default: 0) != 0
    isReversed = try description.integer("reverse", default: 0) != 0
  }

  func axis(_ inputs: [OperatorInput?]) throws(OperatorError) -> Int {
    guard let axis = try inputs.integers(1, "axis")?.first else { throw OperatorError(.invalid, "input 'axis' is missing") }
    return try normalised(axis: axis, rank: try inputs.required(0, "x").type.dimensions.count)
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let type = try inputs.required(0, "x").type
    guard type.elementType != .bool else { throw OperatorError(.invalid, "sums truth values") }
    return [type]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let x = try inputs.required(0, "x")
    _ = try outputTypes(for: inputs.asInputs)
    let rows = AxisRows(x.dimensions, axis: try axis(inputs.asInputs))
    if x.elementType.isFloatingPoint {
      return [HostTensor(doubles: sums(x.doubles(), rows, zero: 0, +), as: x.elementType, dimensions: x.dimensions)]
    }
    return [HostTensor(lanes: sums(x.lanes(), rows, zero: 0, &+), as: x.elementType, dimensions: x.dimensions)]
  }

  private func sums<Number>(_ values: [Number], _ rows: AxisRows, zero: Number, _ add: (Number, Number) -> Number) -> [Number] {
    var result = values
    for start in rows.starts {
      var sum = zero
      for step in 0..<rows.length {
        let offset = start + (isReversed ? rows.length - 1 - step : step) * rows.stride
        let next = add(sum, values[offset])
        result[offset] = isExclusive ? sum : next
        sum = next
      }
    }
    return result
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let x = node.input(0) else { throw OperatorError(.invalid, "input 'x' is missing") }
    let axis = try axis(lowering.inputs(of: node))
    if !lowering.graph.type(of: x).elementType.isInteger { try lowering.requireFloat(x) }
    let layout = lowering.layout(of: x)
    let physical = layout.physical(lowering.dimensions(of: x))
    let position = layout.position(of: axis)
    let input = lowering.operand(x, layout: layout, as: .plain)
    let output = lowering.result(node.outputs[0], layout: layout, as: .plain)
    lowering.emit(
      .cumulativeSum(
        CumulativeSum(
          input: input, output: output, outer: Int32(physical[..<position].elementCount), length: Int32(physical[position]),
          inner: Int32(physical[(position + 1)...].elementCount), isExclusive: isExclusive, isReversed: isReversed)))
  }
}
