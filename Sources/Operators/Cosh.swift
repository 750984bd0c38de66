public import ModelGraph

/// The hyperbolic cosine of each element.
public struct Cosh: FixedUnaryOperator {
  public static let names = ["Cosh"]

  public init(_ description: OperatorDescription) {}

  public var elementFunction: ElementFunction { ElementFunction(.cosh) }
}
