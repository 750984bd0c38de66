public import ModelFormat
public import ModelGraph

/// a ≥ b
public struct GreaterOrEqual: ComparisonOperator {
  public static let names = ["GreaterOrEqual"]
  public static let operation = Arithmetic.Operation.greaterOrEqual

  public init(_ description: OperatorDescription) {}
}
