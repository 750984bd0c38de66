public import ModelGraph

/// −x
public struct Neg: FixedUnaryOperator {
  public static let names = ["Neg"]

  public init(_ description: OperatorDescription) {}

  public var elementFunction: ElementFunction { ElementFunction(.negate) }
}
