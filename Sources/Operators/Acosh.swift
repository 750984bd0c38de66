public import ModelGraph

/// The inverse hyperbolic cosine of each element.
public struct Acosh: FixedUnaryOperator {
  public static let names = ["Acosh"]

  public init(_ description: OperatorDescription) {}

  public var elementFunction: ElementFunction { ElementFunction(.acosh) }
}
