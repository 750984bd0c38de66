public import ModelFormat
public import ModelGraph

/// a < b
public struct Less: ComparisonOperator {
  public static let names = ["Less"]
  public static let operation = Arithmetic.Operation.less

  public init(_ description: OperatorDescription) {}
}
