public import ModelGraph
public import Tensors

/// The mean under a sliding window; padding counts only with `count_include_pad`.
public struct AveragePool: Operator {
  public static let names = ["AveragePool"]

  private let pool: PoolingWindow

  public init(_ description: OperatorDescription) throws(OperatorError) {
    let countsPadding = try description.integer("count_include_pad", default: 0) != 0
    pool = PoolingWindow(window: try SpatialWindow(description), kind: .average, countsPadding: countsPadding)
  }

  public var quantisationRule: QuantisationRule { .ownRange }
  public var prefersChannelsLast: Bool { true }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let x = try inputs.required(0, "X").type
    return [TensorType(x.elementType, try pool.outputDimensions(x.dimensions))]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] { [try pool.evaluate(try inputs.required(0, "X"))] }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) { try pool.lower(node, into: &lowering) }
}
