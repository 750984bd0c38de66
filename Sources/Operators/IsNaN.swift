public import ModelFormat
public import ModelGraph
public import Tensors

/// Whether an element is no number.
public struct IsNaN: MappingOperator {
  public static let names = ["IsNaN"]
  public let function = Mapping.Function.isNaN

  public init(_ description: OperatorDescription) {}

  public static func isDefined(on type: ElementType) -> Bool { type.isFloatingPoint }
}
