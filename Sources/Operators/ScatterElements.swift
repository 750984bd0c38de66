public import ModelGraph
public import Tensors

/// The data with single elements replaced by updates, or combined with them: each update goes to its own place, moved along one axis to
/// where its index says. (`Scatter` is its name in operator sets 9 and 10.)
public struct ScatterElements: Operator {
  public static let names = ["ScatterElements", "Scatter"]

  private let axis: Int
  private let reduction: ScatterReduction

  public init(_ description: OperatorDescription) throws(OperatorError) {
    axis = Int(try description.integer("axis", default: 0))
    reduction = try ScatterReduction(description)
  }

  private func indexing(_ inputs: [OperatorInput?]) throws(OperatorError) -> ElementIndexing {
    let indices = try inputs.indices(1).type.dimensions
    let updates = try inputs.required(2, "updates").type.dimensions
    guard indices == updates else { throw OperatorError(.invalid, "indices \(indices) and updates \(updates) differ") }
    return try ElementIndexing(data: try inputs.required(0, "data").type.dimensions, indices: indices, axis: axis)
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    _ = try indexing(inputs)
    return [try inputs.required(0, "data").type]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let targets = try indexing(inputs.asInputs).offsets(try inputs.required(1, "indices"))
    return [try reduction.applied(try inputs.required(2, "updates"), at: targets, to: try inputs.required(0, "data"))]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) { throw evaluatedOnly }
}
