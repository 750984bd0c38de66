public import ModelGraph

/// The mean of each channel of quantised values. Inputs: x, its scale and zero point; scale and zero point of the result.
public struct QLinearGlobalAveragePool: QuantisedOperator {
  public static let names = ["QLinearGlobalAveragePool"]
  public static let domains = contributed

  private let operation: GlobalAveragePool

  public init(_ description: OperatorDescription) throws(OperatorError) {
    try description.refuseChannelsLast()
    operation = GlobalAveragePool(description.inner("GlobalAveragePool"))
  }

  public func composition(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition {
    var parts = QuantisedComposition(inputs)
    return try parts.finish(parts.composition.add(operation, try parts.dequantised(0)), scale: 3)
  }
}
