public import ModelGraph

/// exp(x) ÷ Σ exp(x) along one axis.
public struct Softmax: NormalisedExponential {
  public static let names = ["Softmax"]
  public static let isLogarithmic = false

  public let axis: SoftmaxAxis

  public init(_ description: OperatorDescription) throws(OperatorError) { axis = try SoftmaxAxis(description) }
}
