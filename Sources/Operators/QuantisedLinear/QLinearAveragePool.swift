public import ModelGraph

/// The mean under a sliding window of quantised values. Inputs: x, its scale and zero point; scale and zero point of the result.
public struct QLinearAveragePool: QuantisedOperator {
  public static let names = ["QLinearAveragePool"]
  public static let domains = contributed

  private let operation: AveragePool

  public init(_ description: OperatorDescription) throws(OperatorError) {
    try description.refuseChannelsLast()
    operation = try AveragePool(description.inner("AveragePool"))
  }

  public func composition(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition {
    var parts = QuantisedComposition(inputs)
    return try parts.finish(parts.composition.add(operation, try parts.dequantised(0)), scale: 3)
  }
}
