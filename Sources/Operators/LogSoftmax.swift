public import ModelGraph

/// x − log(Σ exp(x)) along one axis.
public struct LogSoftmax: NormalisedExponential {
  public static let names = ["LogSoftmax"]
  public static let isLogarithmic = true

  public let axis: SoftmaxAxis

  public init(_ description: OperatorDescription) throws(OperatorError) { axis = try SoftmaxAxis(description) }
}
