public import ModelGraph

/// The arc tangent of each element.
public struct Atan: FixedUnaryOperator {
  public static let names = ["Atan"]

  public init(_ description: OperatorDescription) {}

  public var elementFunction: ElementFunction { ElementFunction(.arctangent) }
}
