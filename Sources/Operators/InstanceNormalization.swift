public import ModelGraph
import Tensors

/// Each channel of each sample standardised over its spatial axes, then `× scale + bias`. Inputs: x `[N,C,…]`, scale and bias
/// `[C]`.
public struct InstanceNormalization: DecomposedOperator {
  public static let names = ["InstanceNormalization"]

  public var epsilon: Float

  public init(_ description: OperatorDescription) throws(OperatorError) {
    epsilon = try description.float("epsilon", default: 1e-5)
  }

  public var tolerance: Float { 2e-5 }

  public func composition(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition {
    let x = try inputs.required(0, "input").type
    guard x.dimensions.count >= 3, x.elementCount > 0 else { throw OperatorError(.invalid, "x \(x.dimensions) has no spatial axes or no elements") }
    return try .normalising(inputs, groups: x.dimensions[1], epsilon: epsilon, scalesGroups: false)
  }
}
