public import ModelFormat
public import ModelGraph
public import Tensors

/// What division leaves: with the divisor's sign, or, by the attribute `fmod`, with the dividend's as in C; floating point has the latter only.
public struct Mod: ArithmeticOperator {
  public static let names = ["Mod"]
  public let operation: Arithmetic.Operation

  public init(_ description: OperatorDescription) throws(OperatorError) {
    operation = try description.integer("fmod", default: 0) == 0 ? .modulo : .remainder
  }

  public static func isDefined(on type: ElementType) -> Bool { type != .bool }
}
