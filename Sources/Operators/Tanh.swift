public import ModelGraph

/// The hyperbolic tangent.
public struct Tanh: FixedUnaryOperator {
  public static let names = ["Tanh"]

  public init(_ description: OperatorDescription) {}

  public var elementFunction: ElementFunction { ElementFunction(.tanh) }
}
