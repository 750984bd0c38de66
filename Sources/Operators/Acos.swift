public import ModelGraph

/// The arc cosine of each element.
public struct Acos: FixedUnaryOperator {
  public static let names = ["Acos"]

  public init(_ description: OperatorDescription) {}

  public var elementFunction: ElementFunction { ElementFunction(.arccosine) }
}
