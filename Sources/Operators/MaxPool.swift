public import ModelGraph
public import Tensors

/// The maximum under a sliding window; the second output, positions, is not supported.
public struct MaxPool: Operator {
  public static let names = ["MaxPool"]

  private let pool: PoolingWindow

  public init(_ description: OperatorDescription) throws(OperatorError) {
    guard description.outputCount <= 1 else { throw OperatorError(.unsupported, "its second output, the positions, is used") }
    pool = PoolingWindow(window: try SpatialWindow(description), kind: .maximum)
  }

  public var quantisationRule: QuantisationRule { .sameAsInput }
  public var prefersChannelsLast: Bool { true }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let x = try inputs.required(0, "X").type
    return [TensorType(x.elementType, try pool.outputDimensions(x.dimensions))]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] { [try pool.evaluate(try inputs.required(0, "X"))] }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) { try pool.lower(node, into: &lowering) }
}
