import ModelGraph

extension Composition {
  /// `(x − mean) ÷ √(variance + ε)` over axes; first the mean, then the mean of squared differences, so that nothing cancels.
  mutating func standardised(
    _ x: Source, over axes: [Int], epsilon: Float
  ) throws(OperatorError) -> (values: Source, mean: Source, inverseDeviation: Source) {
    let mean = try mean(of: x, over: axes)
    let centred = difference(x, mean)
    let inverse = try inverseRoot(ofMeanSquare: centred, over: axes, epsilon: epsilon)
    return (product(centred, inverse), mean, inverse)
  }

  /// `1 ÷ √(mean(x²) + ε)`
  mutating func inverseRoot(ofMeanSquare x: Source, over axes: [Int], epsilon: Float) throws(OperatorError) -> Source {
    let meanSquare = try mean(of: product(x, x), over: axes)
    return function(.reciprocal, of: function(.sqrt, of: affine(meanSquare, plus: epsilon)))
  }
}
