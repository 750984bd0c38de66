public import ModelGraph

/// −1, 0 or 1, as each element is; NaN stays.
public struct Sign: FixedUnaryOperator {
  public static let names = ["Sign"]

  public init(_ description: OperatorDescription) {}

  public var elementFunction: ElementFunction { ElementFunction(.sign) }
}
