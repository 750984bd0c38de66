public import ModelGraph
public import Tensors

/// The number of elements, as int64: known when the model is compiled.
public struct Size: Operator {
  public static let names = ["Size"]

  public init(_ description: OperatorDescription) {}

  public var outputsFollowFromTypes: Bool { true }

  public func constantOutputs(for inputs: [OperatorInput?]) throws(OperatorError) -> [HostTensor] {
    [HostTensor([Int64(try inputs.required(0, "data").type.elementCount)], dimensions: [])]
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] { [TensorType(.int64, [])] }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] { try constantOutputs(for: inputs.asInputs) }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) { throw evaluatedOnly }
}
