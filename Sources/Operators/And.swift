public import ModelFormat
public import ModelGraph

/// a ∧ b
public struct And: ComparisonOperator {
  public static let names = ["And"]
  public static let operation = Arithmetic.Operation.logicalAnd

  public init(_ description: OperatorDescription) {}
}
