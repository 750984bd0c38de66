public import ModelFormat
public import ModelGraph
public import Tensors

/// An operator that combines two tensors of one type element by element, on whole numbers or truth values.
public protocol ArithmeticOperator: Operator {
  var operation: Arithmetic.Operation { get }
  /// Whether ONNX defines the operator on a type.
  static func isDefined(on type: ElementType) -> Bool
}

extension ArithmeticOperator {
  public static func isDefined(on type: ElementType) -> Bool { type.isInteger && type != .bool }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let (a, b) = (try inputs.required(0, "A").type, try inputs.required(1, "B").type)
    guard a.elementType == b.elementType, Self.isDefined(on: a.elementType) else {
      throw OperatorError(.invalid, "is not defined on \(a.elementType.name) and \(b.elementType.name)")
    }
    return [TensorType(operation.givesTruth ? .bool : a.elementType, try broadcast([a.dimensions, b.dimensions]))]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    _ = try outputTypes(for: inputs.asInputs)
    return [try operation.evaluate(try inputs.required(0, "A"), try inputs.required(1, "B"))]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let a = node.input(0), let b = node.input(1) else { throw OperatorError(.invalid, "needs A and B") }
    try lowering.lower(operation, of: [a, b], to: node.outputs[0])
  }
}
