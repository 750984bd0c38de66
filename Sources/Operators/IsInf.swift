public import ModelFormat
public import ModelGraph
public import Tensors

/// Whether an element is infinite, of either sign or the one that the attributes leave.
public struct IsInf: MappingOperator {
  public static let names = ["IsInf"]
  public let function: Mapping.Function

  public init(_ description: OperatorDescription) throws(OperatorError) {
    let negative = try description.integer("detect_negative", default: 1) != 0
    let positive = try description.integer("detect_positive", default: 1) != 0
    guard negative || positive else { throw OperatorError(.unsupported, "detects infinities of neither sign") }
    function = negative && positive ? .isInfinite : negative ? .isNegativeInfinity : .isPositiveInfinity
  }

  public static func isDefined(on type: ElementType) -> Bool { type.isFloatingPoint }
}
