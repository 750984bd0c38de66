public import ModelGraph

/// The natural logarithm.
public struct Log: FixedUnaryOperator {
  public static let names = ["Log"]

  public init(_ description: OperatorDescription) {}

  public var elementFunction: ElementFunction { ElementFunction(.log) }

  public var quantisationRule: QuantisationRule { .float }
}
