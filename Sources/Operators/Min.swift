public import ModelFormat
public import ModelGraph

/// The least of any number of inputs.
public struct Min: BinaryOperator {
  public static let names = ["Min"]
  public static let operation = Binary.Operation.minimum

  public init(_ description: OperatorDescription) {}
}
