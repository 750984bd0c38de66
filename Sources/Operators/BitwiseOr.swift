public import ModelFormat
public import ModelGraph

/// a | b: the bits that are set in either.
public struct BitwiseOr: ArithmeticOperator {
  public static let names = ["BitwiseOr"]
  public let operation = Arithmetic.Operation.bitwiseOr

  public init(_ description: OperatorDescription) {}
}
