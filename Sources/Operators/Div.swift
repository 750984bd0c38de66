public import ModelFormat
public import ModelGraph

/// a ÷ b; whole numbers truncate toward zero.
public struct Div: BinaryOperator {
  public static let names = ["Div"]
  public static let operation = Binary.Operation.divide

  public init(_ description: OperatorDescription) {}

  public var quantisationRule: QuantisationRule { .float }
}
