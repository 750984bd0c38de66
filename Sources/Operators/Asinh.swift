public import ModelGraph

/// The inverse hyperbolic sine of each element.
public struct Asinh: FixedUnaryOperator {
  public static let names = ["Asinh"]

  public init(_ description: OperatorDescription) {}

  public var elementFunction: ElementFunction { ElementFunction(.asinh) }
}
