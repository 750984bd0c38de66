public import ModelGraph
import Tensors

/// The negative log likelihood of target classes, given logarithms of probabilities `[N,C,…]`, the targets `[N,…]` and optional
/// weights of the classes.
public struct NegativeLogLikelihoodLoss: DecomposedOperator {
  public static let names = ["NegativeLogLikelihoodLoss"]

  public let reduction: LossReduction

  public init(_ description: OperatorDescription) throws(OperatorError) {
    reduction = try LossReduction(description)
  }

  public func composition(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition {
    let type = try inputs.required(0, "input").type.elementType
    let computed = try type.computed("input")
    var parts = Composition()
    let x = try parts.converted(.input(0), from: type, to: computed)
    let loss = try parts.classLoss(of: x, inputs, computed: computed, reduction)
    parts.outputs = [try parts.converted(loss, from: computed, to: type)]
    return parts
  }
}
