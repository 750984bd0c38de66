public import ModelGraph

/// 1 ÷ x
public struct Reciprocal: FixedUnaryOperator {
  public static let names = ["Reciprocal"]

  public init(_ description: OperatorDescription) {}

  public var elementFunction: ElementFunction { ElementFunction(.reciprocal) }

  public var quantisationRule: QuantisationRule { .float }
}
