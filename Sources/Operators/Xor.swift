public import ModelFormat
public import ModelGraph
public import Tensors

/// a ≠ b, of truth values.
public struct Xor: ArithmeticOperator {
  public static let names = ["Xor"]
  public let operation = Arithmetic.Operation.logicalXor

  public init(_ description: OperatorDescription) {}

  public static func isDefined(on type: ElementType) -> Bool { type == .bool }
}
