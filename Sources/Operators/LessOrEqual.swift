public import ModelFormat
public import ModelGraph

/// a ≤ b
public struct LessOrEqual: ComparisonOperator {
  public static let names = ["LessOrEqual"]
  public static let operation = Arithmetic.Operation.lessOrEqual

  public init(_ description: OperatorDescription) {}
}
