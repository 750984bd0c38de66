public import ModelGraph

/// The leaky rectifier of quantised values. Inputs: x, its scale and zero point; scale and zero point of the result.
public struct QLinearLeakyRelu: QuantisedOperator {
  public static let names = ["QLinearLeakyRelu"]
  public static let domains = contributed

  private let operation: LeakyRelu

  public init(_ description: OperatorDescription) throws(OperatorError) {
    operation = try LeakyRelu(description.inner("LeakyRelu"))
  }

  public func composition(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition {
    var parts = QuantisedComposition(inputs)
    return try parts.finish(parts.composition.add(operation, try parts.dequantised(0)), scale: 3)
  }
}
