public import ModelFormat
public import ModelGraph

/// a ^ b: the bits that are set in one alone.
public struct BitwiseXor: ArithmeticOperator {
  public static let names = ["BitwiseXor"]
  public let operation = Arithmetic.Operation.bitwiseXor

  public init(_ description: OperatorDescription) {}
}
