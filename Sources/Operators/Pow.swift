import ModelFormat
public import ModelGraph
public import Tensors

/// a ^ b, in the base's type; a constant exponent makes it a function of the base.
public struct Pow: Operator {
  public static let names = ["Pow"]

  public init(_ description: OperatorDescription) {}

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let base = try inputs.required(0, "X").type
    return [TensorType(base.elementType, try broadcast([base.dimensions, try inputs.required(1, "Y").type.dimensions]))]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    [try Binary.Operation.power.evaluate(try inputs.required(0, "X"), try inputs.required(1, "Y"))]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let base = node.input(0), let exponent = node.input(1) else { throw OperatorError(.invalid, "needs X and Y") }
    let output = node.outputs[0]
    if let constant = lowering.graph[exponent].constant, constant.elementCount == 1, lowering.dimensions(of: base) == lowering.dimensions(of: output) {
      return try lowering.lower(ElementFunction(.power, alpha: constant.floats()[0]), of: base, to: output)
    }
    try lowering.lower(.power, of: [base, exponent], to: output)
  }
}
