public import ModelGraph

/// log(1 + exp(x))
public struct Softplus: FixedUnaryOperator {
  public static let names = ["Softplus"]

  public init(_ description: OperatorDescription) {}

  public var elementFunction: ElementFunction { ElementFunction(.softplus) }
}
