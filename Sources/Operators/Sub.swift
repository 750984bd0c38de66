public import ModelFormat
public import ModelGraph

/// a − b
public struct Sub: BinaryOperator {
  public static let names = ["Sub"]
  public static let operation = Binary.Operation.subtract

  public init(_ description: OperatorDescription) {}
}
