public import ModelFormat
public import ModelGraph

/// The sum of the magnitudes along the reduced axes.
public struct ReduceL1: ReducingOperator {
  public static let names = ["ReduceL1"]
  public static let kind = Reduction.Kind.absoluteSum
  public let axes: ReductionAxes

  public init(_ description: OperatorDescription) throws(OperatorError) {
    axes = try ReductionAxes(description)
  }
}
