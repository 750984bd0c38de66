public import ModelFormat
public import ModelGraph

/// a + b
public struct Add: BinaryOperator {
  public static let names = ["Add"]
  public static let operation = Binary.Operation.add

  public init(_ description: OperatorDescription) {}
}
