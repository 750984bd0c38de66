public import ModelGraph

import Tensors

/// `alpha × (A' · B' + C)` on quantised values: A, its scale and zero point; B, likewise, with one scale or one a column; an optional int32 C
/// in units of `A scale × B scale`; scale and zero point of the output, which is float32 without them.
public struct QGemm: QuantisedOperator {
  public static let names = ["QGemm"]
  public static let domains = contributed

  private let product: Gemm

  public init(_ description: OperatorDescription) throws(OperatorError) {
    var product = try Gemm(description.inner("Gemm"))
    product.beta = 1
    self.product = product
  }

  public func composition(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition {
    var parts = QuantisedComposition(inputs)
    let (a, b) = (try parts.dequantised(0), try parts.dequantised(3, axis: product.transposesB ? 0 : 1))
    var c = Composition.Source.absent
    if parts.isPresent(6) {
      var scale = parts.composition.add(Mul(.plain("Mul")), .input(1), .input(4))
      if product.alpha != 1 { scale = parts.composition.add(Mul(.plain("Mul")), scale, .constant(HostTensor([product.alpha], dimensions: []))) }
      c = try parts.dequantised(.input(6), scale: scale, axis: -1)
    }
    let real = parts.composition.add(product, a, b, c)
    guard parts.isPresent(7) else {
      parts.composition.outputs = [real]
      return parts.composition
    }
    return try parts.finish(real, scale: 7)
  }
}
