public import ModelFormat
public import ModelGraph

/// The mean over some axes.
public struct ReduceMean: ReducingOperator {
  public static let names = ["ReduceMean"]
  public static let kind = Reduction.Kind.mean

  public let axes: ReductionAxes

  public init(_ description: OperatorDescription) throws(OperatorError) { axes = try ReductionAxes(description) }

  public var quantisationRule: QuantisationRule { .ownRange }
}
