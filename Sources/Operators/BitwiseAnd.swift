public import ModelFormat
public import ModelGraph

/// a & b: the bits that are set in both.
public struct BitwiseAnd: ArithmeticOperator {
  public static let names = ["BitwiseAnd"]
  public let operation = Arithmetic.Operation.bitwiseAnd

  public init(_ description: OperatorDescription) {}
}
