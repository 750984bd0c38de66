public import ModelFormat
public import ModelGraph

/// a = b
public struct Equal: ComparisonOperator {
  public static let names = ["Equal"]
  public static let operation = Arithmetic.Operation.equal

  public init(_ description: OperatorDescription) {}
}
