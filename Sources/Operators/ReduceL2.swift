public import ModelFormat
public import ModelGraph

/// The Euclidean norm over some axes.
public struct ReduceL2: ReducingOperator {
  public static let names = ["ReduceL2"]
  public static let kind = Reduction.Kind.euclideanNorm

  public let axes: ReductionAxes

  public init(_ description: OperatorDescription) throws(OperatorError) { axes = try ReductionAxes(description) }
}
