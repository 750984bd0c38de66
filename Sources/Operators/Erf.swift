public import ModelGraph

/// The error function.
public struct Erf: FixedUnaryOperator {
  public static let names = ["Erf"]

  public init(_ description: OperatorDescription) {}

  public var elementFunction: ElementFunction { ElementFunction(.erf) }

  public var quantisationRule: QuantisationRule { .float }
}
