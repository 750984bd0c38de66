public import ModelGraph

/// The smallest whole number not below x.
public struct Ceil: FixedUnaryOperator {
  public static let names = ["Ceil"]

  public init(_ description: OperatorDescription) {}

  public var elementFunction: ElementFunction { ElementFunction(.ceil) }

  public var quantisationRule: QuantisationRule { .float }
}
