public import ModelGraph

/// The magnitude.
public struct Abs: FixedUnaryOperator {
  public static let names = ["Abs"]

  public init(_ description: OperatorDescription) {}

  public var elementFunction: ElementFunction { ElementFunction(.absolute) }
}
