public import ModelFormat
public import ModelGraph

/// The greatest element over some axes.
public struct ReduceMax: ReducingOperator {
  public static let names = ["ReduceMax"]
  public static let kind = Reduction.Kind.maximum

  public let axes: ReductionAxes

  public init(_ description: OperatorDescription) throws(OperatorError) { axes = try ReductionAxes(description) }

  public var quantisationRule: QuantisationRule { .sameAsInput }
  public func elementOrigin(for inputs: [OperatorInput?]) -> ElementOrigin { .ranked }
}
