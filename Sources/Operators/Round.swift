public import ModelGraph

/// The nearest whole number, ties to even.
public struct Round: FixedUnaryOperator {
  public static let names = ["Round"]

  public init(_ description: OperatorDescription) {}

  public var elementFunction: ElementFunction { ElementFunction(.round) }

  public var quantisationRule: QuantisationRule { .float }
}
