public import ModelGraph

/// The inverse hyperbolic tangent of each element.
public struct Atanh: FixedUnaryOperator {
  public static let names = ["Atanh"]

  public init(_ description: OperatorDescription) {}

  public var elementFunction: ElementFunction { ElementFunction(.atanh) }
}
