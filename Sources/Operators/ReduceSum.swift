public import ModelFormat
public import ModelGraph

/// The sum over some axes.
public struct ReduceSum: ReducingOperator {
  public static let names = ["ReduceSum"]
  public static let kind = Reduction.Kind.sum

  public let axes: ReductionAxes

  public init(_ description: OperatorDescription) throws(OperatorError) { axes = try ReductionAxes(description) }
}
