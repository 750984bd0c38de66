public import ModelGraph
public import Tensors

/// Takes single elements: each output element comes from its own place, moved along one axis to where its index says.
public struct GatherElements: Operator {
  public static let names = ["GatherElements"]

  private let axis: Int

  public init(_ description: OperatorDescription) throws(OperatorError) {
    axis = Int(try description.integer("axis", default: 0))
  }

  public var quantisationRule: QuantisationRule { .sameAsInput }
  public func elementOrigin(for inputs: [OperatorInput?]) -> ElementOrigin { .moved }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let data = try inputs.required(0, "data").type
    let indices = try inputs.indices(1).type.dimensions
    _ = try ElementIndexing(data: data.dimensions, indices: indices, axis: axis)
    return [TensorType(data.elementType, indices)]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let (data, indices) = (try inputs.required(0, "data"), try inputs.required(1, "indices"))
    let indexing = try ElementIndexing(data: data.dimensions, indices: indices.dimensions, axis: axis)
    return [data.picking(try indexing.offsets(indices), dimensions: indices.dimensions)]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let data = node.input(0), let indices = node.input(1) else { throw OperatorError(.invalid, "inputs are missing") }
    let indexing = try ElementIndexing(data: lowering.dimensions(of: data), indices: lowering.dimensions(of: indices), axis: axis)
    let form = lowering.representation(of: data)
    let x = lowering.operand(data, layout: indexing.layout, as: form)
    let entries = lowering.operand(indices, layout: indexing.layout, as: .plain)
    let y = lowering.result(node.outputs[0], layout: indexing.layout, as: form)
    try lowering.emitGather(
      indexing.cropped(x, in: &lowering), entries, to: y, batch: indexing.batch, extents: [indexing.length], count: indexing.count, inner: 1,
      sharesIndices: false)
  }
}
