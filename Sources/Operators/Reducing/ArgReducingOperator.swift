import ModelFormat
public import ModelGraph
public import Tensors

/// ArgMax or ArgMin: where along one axis the greatest or least element stands; NaN goes before every number.
public protocol ArgReducingOperator: Operator {
  static var findsLeast: Bool { get }
  var choice: ArgReductionChoice { get }
}

/// The axis, whether it stays with one element, and which of equal elements counts.
public struct ArgReductionChoice: Equatable, Sendable {
  public var axis: Int
  public var keepsAxis: Bool
  public var takesLast: Bool

  public init(_ description: OperatorDescription) throws(OperatorError) {
    axis = Int(try description.integer("axis", default: 0))
    keepsAxis = try description.integer("keepdims", default: 1) != 0
    takesLast = try description.integer("select_last_index", default: 0) != 0
  }

  func outputDimensions(_ x: [Int]) throws(OperatorError) -> [Int] {
    let axis = try normalised(axis: axis, rank: x.count)
    guard x[axis] > 0 else { throw OperatorError(.invalid, "looks along an axis of \(x) that has no elements") }
    return x.indices.compactMap { $0 == axis ? (keepsAxis ? 1 : nil) : x[$0] }
  }
}

extension ArgReducingOperator {
  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    [TensorType(.int64, try choice.outputDimensions(try inputs.required(0, "data").type.dimensions))]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let x = try inputs.required(0, "data")
    let output = try choice.outputDimensions(x.dimensions)
    let rows = AxisRows(x.dimensions, axis: try normalised(axis: choice.axis, rank: x.dimensions.count))
    let keys = x.orderKeys(nan: Self.findsLeast ? .min : .max)
    let positions = rows.starts.map { start in
      (1..<rows.length).reduce(0) { best, position in
        let (held, key) = (keys[start + best * rows.stride], keys[start + position * rows.stride])
        let isBetter = Self.findsLeast ? key < held : key > held
        return isBetter || choice.takesLast && key == held ? position : best
      }
    }
    return [HostTensor(positions.map { Int64($0) }, dimensions: output)]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let x = node.input(0) else { throw OperatorError(.invalid, "input 'data' is missing") }
    let dimensions = lowering.dimensions(of: x)
    let axis = try normalised(axis: choice.axis, rank: dimensions.count)
    let representation = try lowering.comparableForm(of: x)
    let layout = lowering.layout(of: x)
    let position = layout.position(of: axis)
    let physical = layout.physical(dimensions)
    let input = lowering.operand(x, layout: layout, as: representation)
    let output = lowering.result(node.outputs[0], layout: choice.keepsAxis ? layout : layout.removing(axis), as: .plain)
    lowering.emit(
      .argReduction(
        ArgReduction(
          input: input, output: output, outer: Int32(physical[..<position].elementCount), reduced: Int32(dimensions[axis]),
          inner: Int32(physical[(position + 1)...].elementCount), findsLeast: Self.findsLeast, takesLast: choice.takesLast)))
  }
}

extension Layout {
  /// The layout of what is left without one axis.
  func removing(_ axis: Int) -> Layout { Layout(order.filter { $0 != axis }.map { $0 > axis ? $0 - 1 : $0 }) }
}

extension Lowering {
  /// The form in which elements are compared with each other: as they are, 8 bits included, where they have an order.
  func comparableForm(of x: ValueID) throws(OperatorError) -> Representation {
    if let stored = stored(of: x) { return .stored(stored) }
    let type = graph.type(of: x).elementType
    guard type == .float32 || type.isInteger else { throw OperatorError(.unsupported, "compares \(type.name) at run time, which has no kernel") }
    return .plain
  }
}
