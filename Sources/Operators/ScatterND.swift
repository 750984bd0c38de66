public import ModelGraph
public import Tensors

/// The data with blocks replaced by updates, or combined with them: each row of the indices holds a block's first coordinates.
public struct ScatterND: Operator {
  public static let names = ["ScatterND"]

  private let reduction: ScatterReduction

  public init(_ description: OperatorDescription) throws(OperatorError) {
    reduction = try ScatterReduction(description)
  }

  private func indexing(_ inputs: [OperatorInput?]) throws(OperatorError) -> TupleIndexing {
    let data = try inputs.required(0, "data").type.dimensions
    let indexing = try TupleIndexing(data: data, indices: try inputs.indices(1).type.dimensions)
    let updates = try inputs.required(2, "updates").type.dimensions
    guard updates == indexing.gathered else { throw OperatorError(.invalid, "updates \(updates) are not \(indexing.gathered)") }
    return indexing
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    _ = try indexing(inputs)
    return [try inputs.required(0, "data").type]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let indexing = try indexing(inputs.asInputs)
    let size = indexing.block.elementCount
    let targets = try indexing.starts(try inputs.required(1, "indices")).flatMap { $0..<$0 + size }
    return [try reduction.applied(try inputs.required(2, "updates"), at: targets, to: try inputs.required(0, "data"))]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    let indexing = try indexing(lowering.inputs(of: node))
    guard let data = node.input(0), let indices = node.input(1), let updates = node.input(2) else { throw OperatorError(.invalid, "inputs are missing") }
    let form = try lowering.scatterForm(reduction, data: data, updates: updates)
    let layout = Layout.identity(rank: indexing.data.count)
    let x = lowering.operand(data, layout: layout, as: form)
    let entries = lowering.operand(indices, layout: .identity(rank: indexing.indices.count), as: .plain)
    let rows = lowering.operand(updates, layout: .identity(rank: indexing.gathered.count), as: form)
    let y = lowering.result(node.outputs[0], layout: layout, as: form)
    try lowering.emitScatter(
      reduction, rows, into: x, entries, to: y, batch: 1, extents: indexing.extents, count: indexing.countInBatch, inner: indexing.block.elementCount)
  }
}
