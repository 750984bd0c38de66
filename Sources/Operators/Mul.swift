public import ModelFormat
public import ModelGraph

/// a × b
public struct Mul: BinaryOperator {
  public static let names = ["Mul"]
  public static let operation = Binary.Operation.multiply

  public init(_ description: OperatorDescription) {}
}
