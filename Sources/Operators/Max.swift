public import ModelFormat
public import ModelGraph

/// The greatest of any number of inputs.
public struct Max: BinaryOperator {
  public static let names = ["Max"]
  public static let operation = Binary.Operation.maximum

  public init(_ description: OperatorDescription) {}
}
