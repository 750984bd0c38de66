public import ModelGraph

/// x ÷ (1 + |x|)
public struct Softsign: FixedUnaryOperator {
  public static let names = ["Softsign"]

  public init(_ description: OperatorDescription) {}

  public var elementFunction: ElementFunction { ElementFunction(.softsign) }
}
