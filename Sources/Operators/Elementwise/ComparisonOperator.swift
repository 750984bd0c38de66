public import ModelFormat
public import ModelGraph
public import Tensors

/// An operator that gives a truth value for each pair of elements, with broadcasting.
public protocol ComparisonOperator: Operator {
  static var operation: Arithmetic.Operation { get }
}

extension ComparisonOperator {
  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    [TensorType(.bool, try broadcast([try inputs.required(0, "A").type.dimensions, try inputs.required(1, "B").type.dimensions]))]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    [try Self.operation.evaluate(try inputs.required(0, "A"), try inputs.required(1, "B"))]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let a = node.input(0), let b = node.input(1) else { throw OperatorError(.invalid, "needs A and B") }
    try lowering.lower(Self.operation, of: [a, b], to: node.outputs[0])
  }
}

extension Operator {
  /// The error of an operator that has no instruction.
  var evaluatedOnly: OperatorError {
    OperatorError(.unsupported, "depends on values that only exist at run time; \(Self.name) is supported only where its inputs are constants")
  }
}
