public import ModelFormat
public import ModelGraph

/// a ∨ b
public struct Or: ComparisonOperator {
  public static let names = ["Or"]
  public static let operation = Arithmetic.Operation.logicalOr

  public init(_ description: OperatorDescription) {}
}
