public import ModelFormat
public import ModelGraph
public import Tensors

/// A Reduce… operator: axes come from an attribute in older operator sets, from an input in newer ones.
public protocol ReducingOperator: Operator {
  static var kind: Reduction.Kind { get }
  var axes: ReductionAxes { get }
}

/// Which axes are reduced and whether they stay, with one element.
public struct ReductionAxes: Equatable, Sendable {
  public var named: [Int]?
  public var keepsAxes: Bool
  /// No axes mean none, not all.
  public var emptyIsNone: Bool

  public init(_ description: OperatorDescription) throws(OperatorError) {
    named = try description.integers("axes")
    keepsAxes = try description.integer("keepdims", default: 1) != 0
    emptyIsNone = try description.integer("noop_with_empty_axes", default: 0) != 0
  }

  func resolved(_ inputs: [OperatorInput?], rank: Int) throws(OperatorError) -> [Int] {
    let given = try inputs.integers(1, "axes", unless: named) ?? []
    if given.isEmpty { return emptyIsNone ? [] : Array(0..<rank) }
    return try normalised(axes: given, rank: rank)
  }
}

extension ReducingOperator {
  private func reduction(_ inputs: [OperatorInput?]) throws(OperatorError) -> AxisReduction {
    let rank = try inputs.required(0, "data").type.dimensions.count
    return AxisReduction(kind: Self.kind, axes: try axes.resolved(inputs, rank: rank), keepsAxes: axes.keepsAxes)
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let x = try inputs.required(0, "data").type
    return [TensorType(x.elementType, try reduction(inputs).outputDimensions(x.dimensions))]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let reduction = try reduction(inputs.asInputs)
    return [try reduction.evaluate(try inputs.required(0, "data"))]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let x = node.input(0) else { throw OperatorError(.invalid, "input 'data' is missing") }
    try reduction(lowering.inputs(of: node)).lower(x, to: node.outputs[0], into: &lowering)
  }
}
