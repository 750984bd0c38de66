public import ModelGraph

/// The cosine.
public struct Cos: FixedUnaryOperator {
  public static let names = ["Cos"]

  public init(_ description: OperatorDescription) {}

  public var elementFunction: ElementFunction { ElementFunction(.cosine) }

  public var quantisationRule: QuantisationRule { .float }
}
