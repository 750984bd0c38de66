public import ModelGraph

/// The arc sine of each element.
public struct Asin: FixedUnaryOperator {
  public static let names = ["Asin"]

  public init(_ description: OperatorDescription) {}

  public var elementFunction: ElementFunction { ElementFunction(.arcsine) }
}
