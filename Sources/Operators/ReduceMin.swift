public import ModelFormat
public import ModelGraph

/// The least element over some axes.
public struct ReduceMin: ReducingOperator {
  public static let names = ["ReduceMin"]
  public static let kind = Reduction.Kind.minimum

  public let axes: ReductionAxes

  public init(_ description: OperatorDescription) throws(OperatorError) { axes = try ReductionAxes(description) }

  public var quantisationRule: QuantisationRule { .sameAsInput }
  public func elementOrigin(for inputs: [OperatorInput?]) -> ElementOrigin { .ranked }
}
