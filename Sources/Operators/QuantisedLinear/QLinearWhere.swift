public import ModelGraph

/// condition ? x : y on quantised values: the condition; x, its scale and zero point; y, likewise; scale and zero point of the result.
public struct QLinearWhere: QuantisedOperator {
  public static let names = ["QLinearWhere"]
  public static let domains = contributed

  public init(_ description: OperatorDescription) {}

  public func composition(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition {
    var parts = QuantisedComposition(inputs)
    let (x, y) = (try parts.dequantised(1), try parts.dequantised(4))
    return try parts.finish(parts.composition.add(Where(.plain("Where")), .input(0), x, y), scale: 7, sample: 1)
  }
}
