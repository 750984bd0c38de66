public import ModelFormat
public import ModelGraph

/// a > b
public struct Greater: ComparisonOperator {
  public static let names = ["Greater"]
  public static let operation = Arithmetic.Operation.greater

  public init(_ description: OperatorDescription) {}
}
