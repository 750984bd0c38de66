public import ModelFormat
public import ModelGraph

/// The sum of any number of inputs.
public struct Sum: BinaryOperator {
  public static let names = ["Sum"]
  public static let operation = Binary.Operation.add

  public init(_ description: OperatorDescription) {}
}
