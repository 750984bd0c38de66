public import ModelGraph

/// Mul on quantised values: a, its scale and zero point; b, likewise; scale and zero point of the result.
public struct QLinearMul: QuantisedOperator {
  public static let names = ["QLinearMul"]
  public static let domains = contributed

  public init(_ description: OperatorDescription) {}

  public func composition(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition {
    var parts = QuantisedComposition(inputs)
    let (a, b) = (try parts.dequantised(0), try parts.dequantised(3))
    return try parts.finish(parts.composition.add(Mul(.plain("Mul")), a, b), scale: 6)
  }
}
