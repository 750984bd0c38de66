public import ModelGraph

/// x × min(max(x ÷ 6 + 0.5, 0), 1)
public struct HardSwish: FixedUnaryOperator {
  public static let names = ["HardSwish"]

  public init(_ description: OperatorDescription) {}

  public var elementFunction: ElementFunction { ElementFunction(.hardSwish, alpha: 1 / 6, beta: 0.5) }
}
