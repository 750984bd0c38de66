public import ModelFormat
public import ModelGraph

/// log Σ exp(x) along the reduced axes, without overflow.
public struct ReduceLogSumExp: ReducingOperator {
  public static let names = ["ReduceLogSumExp"]
  public static let kind = Reduction.Kind.logSumExp
  public let axes: ReductionAxes

  public init(_ description: OperatorDescription) throws(OperatorError) {
    axes = try ReductionAxes(description)
  }
}
