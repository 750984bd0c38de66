public import ModelGraph

/// x × tanh(softplus(x))
public struct Mish: FixedUnaryOperator {
  public static let names = ["Mish"]

  public init(_ description: OperatorDescription) {}

  public var elementFunction: ElementFunction { ElementFunction(.mish) }
}
