public import ModelGraph

/// The square root; NaN for negative numbers.
public struct Sqrt: FixedUnaryOperator {
  public static let names = ["Sqrt"]

  public init(_ description: OperatorDescription) {}

  public var elementFunction: ElementFunction { ElementFunction(.sqrt) }

  public var quantisationRule: QuantisationRule { .float }
}
