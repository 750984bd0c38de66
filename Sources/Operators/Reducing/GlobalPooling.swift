public import ModelFormat
public import ModelGraph
public import Tensors

/// A reduction of all spatial axes, which stay with one element: `[N,C,…]` → `[N,C,1,…]`.
public protocol GlobalPooling: Operator {
  static var kind: Reduction.Kind { get }
}

extension GlobalPooling {
  public var prefersChannelsLast: Bool { true }

  private func reduction(_ x: [Int]) throws(OperatorError) -> AxisReduction {
    guard x.count >= 3 else { throw OperatorError(.invalid, "\(x) has no spatial axes") }
    return AxisReduction(kind: Self.kind, axes: Array(2..<x.count), keepsAxes: true)
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let x = try inputs.required(0, "X").type
    return [TensorType(x.elementType, try reduction(x.dimensions).outputDimensions(x.dimensions))]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let x = try inputs.required(0, "X")
    return [try reduction(x.dimensions).evaluate(x)]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let x = node.input(0) else { throw OperatorError(.invalid, "input 'X' is missing") }
    try reduction(lowering.dimensions(of: x)).lower(x, to: node.outputs[0], into: &lowering)
  }
}
