public import ModelFormat
public import ModelGraph

/// The sum of squares over some axes.
public struct ReduceSumSquare: ReducingOperator {
  public static let names = ["ReduceSumSquare"]
  public static let kind = Reduction.Kind.sumOfSquares

  public let axes: ReductionAxes

  public init(_ description: OperatorDescription) throws(OperatorError) { axes = try ReductionAxes(description) }
}
