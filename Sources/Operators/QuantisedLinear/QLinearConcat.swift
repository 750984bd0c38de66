public import ModelGraph

/// Concatenation of quantised values: scale and zero point of the result, then each part with its own.
public struct QLinearConcat: QuantisedOperator {
  public static let names = ["QLinearConcat"]
  public static let domains = contributed

  private let concatenation: Concat

  public init(_ description: OperatorDescription) throws(OperatorError) { concatenation = try Concat(description.inner("Concat")) }

  public func composition(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition {
    guard inputs.count >= 5, inputs.count % 3 == 2 else { throw OperatorError(.invalid, "has \(inputs.count) inputs, not two and three for each part") }
    var parts = QuantisedComposition(inputs)
    var values: [Composition.Source] = []
    for position in stride(from: 2, to: inputs.count, by: 3) { values.append(try parts.dequantised(position)) }
    return try parts.finish(parts.composition.add(concatenation, values, outputCount: 1)[0], scale: 0, sample: 2)
  }
}
