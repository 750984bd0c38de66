public import ModelGraph

/// The largest whole number not above x.
public struct Floor: FixedUnaryOperator {
  public static let names = ["Floor"]

  public init(_ description: OperatorDescription) {}

  public var elementFunction: ElementFunction { ElementFunction(.floor) }

  public var quantisationRule: QuantisationRule { .float }
}
