public import ModelGraph

/// The hyperbolic sine of each element.
public struct Sinh: FixedUnaryOperator {
  public static let names = ["Sinh"]

  public init(_ description: OperatorDescription) {}

  public var elementFunction: ElementFunction { ElementFunction(.sinh) }
}
