public import ModelGraph

/// The matrix product of quantised values: a, its scale and zero point; b, likewise; scale and zero point of the output. One scale a row of a
/// and one a column of b are allowed.
public struct QLinearMatMul: QuantisedOperator {
  public static let names = ["QLinearMatMul"]

  public init(_ description: OperatorDescription) {}

  public func composition(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition {
    for position in [1, 4] {
      guard try inputs.required(position, "scale").type.dimensions.filter({ $0 != 1 }).count <= 1 else {
        throw OperatorError(.unsupported, "has scales of its own for every matrix of a batch")
      }
    }
    var parts = QuantisedComposition(inputs)
    let (a, b) = (try parts.dequantised(0, axis: -2), try parts.dequantised(3, axis: -1))
    return try parts.finish(parts.composition.add(MatMul(.plain("MatMul")), a, b), scale: 6)
  }
}
