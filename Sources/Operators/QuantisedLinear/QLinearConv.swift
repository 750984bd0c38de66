public import ModelGraph

/// Convolution of quantised values. Inputs: x, its scale and zero point; weights, likewise, with one scale or one an output channel; scale
/// and zero point of the output; an optional int32 bias in units of `x scale × weight scale`.
public struct QLinearConv: QuantisedOperator {
  public static let names = ["QLinearConv"]

  private let convolution: Conv

  public init(_ description: OperatorDescription) throws(OperatorError) { convolution = try Conv(description.inner("Conv")) }

  public func composition(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition {
    var parts = QuantisedComposition(inputs)
    let (x, weights) = (try parts.dequantised(0), try parts.dequantised(3))
    var bias = Composition.Source.absent
    if parts.isPresent(8) {
      let scale = parts.composition.add(Mul(.plain("Mul")), .input(1), .input(4))
      bias = try parts.dequantised(.input(8), scale: scale)
    }
    return try parts.finish(parts.composition.add(convolution, x, weights, bias), scale: 6)
  }
}
