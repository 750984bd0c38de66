public import ModelGraph
import Tensors

/// The logarithm of the sum of the elements along the reduced axes.
public struct ReduceLogSum: DecomposedOperator {
  public static let names = ["ReduceLogSum"]

  private let sum: ReduceSum

  public init(_ description: OperatorDescription) throws(OperatorError) {
    sum = try ReduceSum(description)
  }

  public func composition(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition {
    let type = try inputs.required(0, "data").type.elementType
    let computed = try type.computed("data")
    var parts = Composition()
    let total = parts.add(sum, try parts.converted(.input(0), from: type, to: computed), .input(1))
    parts.outputs = [try parts.converted(parts.function(.log, of: total), from: computed, to: type)]
    return parts
  }
}
