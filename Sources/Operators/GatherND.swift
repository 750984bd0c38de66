public import ModelGraph
public import Tensors

/// Takes blocks of a tensor: each row of the indices holds a block's first coordinates.
public struct GatherND: Operator {
  public static let names = ["GatherND"]

  private let batchDimensions: Int

  public init(_ description: OperatorDescription) throws(OperatorError) {
    batchDimensions = Int(try description.integer("batch_dims", default: 0))
  }

  public var quantisationRule: QuantisationRule { .sameAsInput }
  public func elementOrigin(for inputs: [OperatorInput?]) -> ElementOrigin { .moved }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let data = try inputs.required(0, "data").type
    let indexing = try TupleIndexing(data: data.dimensions, indices: try inputs.indices(1).type.dimensions, batchDimensions: batchDimensions)
    return [TensorType(data.elementType, try checked(indexing.gathered))]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let type = try outputTypes(for: inputs.asInputs)[0]
    let (data, indices) = (try inputs.required(0, "data"), try inputs.required(1, "indices"))
    let indexing = try TupleIndexing(data: data.dimensions, indices: indices.dimensions, batchDimensions: batchDimensions)
    let size = indexing.block.elementCount
    return [data.picking(try indexing.starts(indices).flatMap { $0..<$0 + size }, dimensions: type.dimensions)]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let data = node.input(0), let indices = node.input(1) else { throw OperatorError(.invalid, "inputs are missing") }
    let (dimensions, shape) = (lowering.dimensions(of: data), lowering.dimensions(of: indices))
    let indexing = try TupleIndexing(data: dimensions, indices: shape, batchDimensions: batchDimensions)
    let form = lowering.representation(of: data)
    let x = lowering.operand(data, layout: .identity(rank: dimensions.count), as: form)
    let entries = lowering.operand(indices, layout: .identity(rank: shape.count), as: .plain)
    let y = lowering.result(node.outputs[0], layout: .identity(rank: indexing.gathered.count), as: form)
    try lowering.emitGather(
      x, entries, to: y, batch: indexing.batch.elementCount, extents: indexing.extents, count: indexing.countInBatch, inner: indexing.block.elementCount,
      sharesIndices: false)
  }
}
