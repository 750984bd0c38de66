public import ModelGraph

/// Add on quantised values: a, its scale and zero point; b, likewise; scale and zero point of the result.
public struct QLinearAdd: QuantisedOperator {
  public static let names = ["QLinearAdd"]
  public static let domains = contributed

  public init(_ description: OperatorDescription) {}

  public func composition(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition {
    var parts = QuantisedComposition(inputs)
    let (a, b) = (try parts.dequantised(0), try parts.dequantised(3))
    return try parts.finish(parts.composition.add(Add(.plain("Add")), a, b), scale: 6)
  }
}
