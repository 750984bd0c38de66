public import ModelGraph

/// The sine.
public struct Sin: FixedUnaryOperator {
  public static let names = ["Sin"]

  public init(_ description: OperatorDescription) {}

  public var elementFunction: ElementFunction { ElementFunction(.sine) }

  public var quantisationRule: QuantisationRule { .float }
}
