public import ModelGraph

/// The logistic function of quantised values. Inputs: x, its scale and zero point; scale and zero point of the result.
public struct QLinearSigmoid: QuantisedOperator {
  public static let names = ["QLinearSigmoid"]
  public static let domains = contributed

  private let operation: Sigmoid

  public init(_ description: OperatorDescription) throws(OperatorError) {
    operation = Sigmoid(description.inner("Sigmoid"))
  }

  public func composition(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition {
    var parts = QuantisedComposition(inputs)
    return try parts.finish(parts.composition.add(operation, try parts.dequantised(0)), scale: 3)
  }
}
