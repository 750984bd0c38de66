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

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    let indexing = try indexing(lowering.inputs(of: node))
    guard let data = node.input(0), let indices = node.input(1), let updates = node.input(2) else { throw OperatorError(.invalid, "inputs are missing") }
    let form = try lowering.scatterForm(reduction, data: data, updates: updates)
    let x = lowering.operand(data, layout: indexing.layout, as: form)
    let entries = lowering.operand(indices, layout: indexing.layout, as: .plain)
    let rows = lowering.operand(updates, layout: indexing.layout, as: form)
    let y = lowering.result(node.outputs[0], layout: indexing.layout, as: form)
    try indexing.write(x, to: y, in: &lowering) { (lowering, part, changed) throws(OperatorError) in
      try lowering.emitScatter(
        reduction, rows, into: part, entries, to: changed, batch: indexing.batch, extents: [indexing.length], count: indexing.count, inner: 1)
    }
  }
}
