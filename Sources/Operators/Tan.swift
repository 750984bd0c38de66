public import ModelGraph

/// The tangent of each element.
public struct Tan: FixedUnaryOperator {
  public static let names = ["Tan"]

  public init(_ description: OperatorDescription) {}

  public var elementFunction: ElementFunction { ElementFunction(.tangent) }
}
