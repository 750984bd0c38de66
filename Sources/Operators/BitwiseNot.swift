public import ModelFormat
public import ModelGraph
public import Tensors

/// Every bit turned over.
public struct BitwiseNot: MappingOperator {
  public static let names = ["BitwiseNot"]
  public let function = Mapping.Function.bitwiseNot

  public init(_ description: OperatorDescription) {}

  public static func isDefined(on type: ElementType) -> Bool { type.isInteger && type != .bool }
}
