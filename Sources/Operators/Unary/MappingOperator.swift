public import ModelFormat
public import ModelGraph
public import Tensors

/// A function of each element where whole numbers or truth values are read or written.
public protocol MappingOperator: Operator {
  var function: Mapping.Function { get }
  /// Whether ONNX defines the operator on a type.
  static func isDefined(on type: ElementType) -> Bool
}

extension MappingOperator {
  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let x = try inputs.required(0, "X").type
    guard Self.isDefined(on: x.elementType) else { throw OperatorError(.invalid, "is not defined on \(x.elementType.name)") }
    return [TensorType(function.givesTruth ? .bool : x.elementType, x.dimensions)]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let x = try inputs.required(0, "X")
    _ = try outputTypes(for: inputs.asInputs)
    guard x.elementType.isFloatingPoint else { return [function.evaluate(x)] }
    return [HostTensor(elementType: .bool, dimensions: x.dimensions, bytes: x.doubles().map { function.holds($0) ? 1 : 0 })]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let x = node.input(0) else { throw OperatorError(.invalid, "input 'X' is missing") }
    try lowering.lower(function, of: x, to: node.outputs[0])
  }
}

extension Mapping.Function {
  /// What the function says of a real number, where it is asked of one.
  func holds(_ x: Double) -> Bool {
    switch self {
    case .isNaN: x.isNaN
    case .isInfinite: x.isInfinite
    case .isPositiveInfinity: x == .infinity
    case .isNegativeInfinity: x == -.infinity
    case .negate, .absolute, .sign, .bitwiseNot, .logicalNot: false
    }
  }
}
