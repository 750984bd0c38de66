public import ModelGraph
import Tensors

/// `x ÷ √(mean(x²) + ε) × scale`, the mean over all axes from one on (B. Zhang and R. Sennrich, "Root mean square layer
/// normalization", 2019).
public struct RMSNormalization: DecomposedOperator {
  public static let names = ["RMSNormalization"]

  public var axis: Int
  public var epsilon: Float

  public init(_ description: OperatorDescription) throws(OperatorError) {
    axis = Int(try description.integer("axis", default: -1))
    epsilon = try description.float("epsilon", default: 1e-5)
    let stash = try description.integer("stash_type", default: 1)
    guard stash == 1 else { throw OperatorError(.unsupported, "attribute 'stash_type' is \(stash); only 1 (float32) is supported") }
  }

  public var tolerance: Float { 2e-5 }

  public func composition(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition {
    let x = try inputs.required(0, "X").type
    let scale = try inputs.required(1, "scale").type.elementType
    let computed = try x.elementType.computed("X")
    let axes = Array(try normalised(axis: axis, rank: x.dimensions.count)..<x.dimensions.count)
    var parts = Composition()
    let input = try parts.converted(.input(0), from: x.elementType, to: computed)
    let values = parts.product(input, try parts.inverseRoot(ofMeanSquare: input, over: axes, epsilon: epsilon))
    let y = parts.product(values, try parts.converted(.input(1), from: scale, to: computed))
    parts.outputs = [try parts.converted(y, from: computed, to: scale)]
    return parts
  }
}
