public import ModelGraph

/// 1 ÷ (1 + exp(−x))
public struct Sigmoid: FixedUnaryOperator {
  public static let names = ["Sigmoid"]

  public init(_ description: OperatorDescription) {}

  public var elementFunction: ElementFunction { ElementFunction(.sigmoid) }
}
