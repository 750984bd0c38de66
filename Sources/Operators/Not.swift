public import ModelGraph
public import Tensors

/// The opposite of each truth value.
public struct Not: Operator {
  public static let names = ["Not"]

  public init(_ description: OperatorDescription) {}

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    [TensorType(.bool, try inputs.required(0, "X").type.dimensions)]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let x = try inputs.required(0, "X")
    guard x.elementType == .bool else { throw OperatorError(.invalid, "input 'X' is \(x.elementType.name), not bool") }
    return [HostTensor(elementType: .bool, dimensions: x.dimensions, bytes: x.bytes.map { $0 == 0 ? 1 : 0 })]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let x = node.input(0) else { throw OperatorError(.invalid, "input 'X' is missing") }
    try lowering.lower(.logicalNot, of: x, to: node.outputs[0])
  }
}
