public import ModelGraph

/// Softmax of quantised values, by the rules of the operator set that attribute 'opset' names. Inputs: x, its scale and zero point; scale and zero point of the result.
public struct QLinearSoftmax: QuantisedOperator {
  public static let names = ["QLinearSoftmax"]
  public static let domains = contributed

  private let operation: Softmax

  public init(_ description: OperatorDescription) throws(OperatorError) {
    operation = try Softmax(
      description.inner("Softmax", opset: Int(clamping: try description.integer("opset", default: 13))))
  }

  public func composition(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition {
    var parts = QuantisedComposition(inputs)
    return try parts.finish(parts.composition.add(operation, try parts.dequantised(0)), scale: 3)
  }
}
