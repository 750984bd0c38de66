public import ModelGraph
import Tensors

/// The cross entropy of scores `[N,C,…]` against target classes `[N,…]`, with optional weights of the classes; the second
/// output holds the logarithms of the probabilities.
public struct SoftmaxCrossEntropyLoss: DecomposedOperator {
  public static let names = ["SoftmaxCrossEntropyLoss"]

  public let reduction: LossReduction

  public init(_ description: OperatorDescription) throws(OperatorError) {
    reduction = try LossReduction(description)
  }

  public func composition(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition {
    let type = try inputs.required(0, "scores").type.elementType
    let computed = try type.computed("scores")
    var parts = Composition()
    let x = try parts.converted(.input(0), from: type, to: computed)
    let logarithms = parts.add(try LogSoftmax(.plain("LogSoftmax", ["axis": .integer(1)])), x)
    let loss = try parts.classLoss(of: logarithms, inputs, computed: computed, reduction)
    parts.outputs = [try parts.converted(loss, from: computed, to: type), try parts.converted(logarithms, from: computed, to: type)]
    return parts
  }
}
