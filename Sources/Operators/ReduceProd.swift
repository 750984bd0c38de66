public import ModelFormat
public import ModelGraph

/// The product of the elements along the reduced axes.
public struct ReduceProd: ReducingOperator {
  public static let names = ["ReduceProd"]
  public static let kind = Reduction.Kind.product
  public let axes: ReductionAxes

  public init(_ description: OperatorDescription) throws(OperatorError) {
    axes = try ReductionAxes(description)
  }
}
