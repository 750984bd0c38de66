public import ModelGraph

/// e ^ x
public struct Exp: FixedUnaryOperator {
  public static let names = ["Exp"]

  public init(_ description: OperatorDescription) {}

  public var elementFunction: ElementFunction { ElementFunction(.exp) }

  public var quantisationRule: QuantisationRule { .float }
}
