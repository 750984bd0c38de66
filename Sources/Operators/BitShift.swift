public import ModelFormat
public import ModelGraph
public import Tensors

/// The bits of an unsigned number moved to the left or to the right by as many places as the second one says.
public struct BitShift: ArithmeticOperator {
  public static let names = ["BitShift"]
  public let operation: Arithmetic.Operation

  public init(_ description: OperatorDescription) throws(OperatorError) {
    let direction = try description.string("direction", default: "")
    guard direction == "LEFT" || direction == "RIGHT" else { throw OperatorError(.invalid, "attribute 'direction' is '\(direction)', not 'LEFT' or 'RIGHT'") }
    operation = direction == "LEFT" ? .shiftLeft : .shiftRight
  }

  public static func isDefined(on type: ElementType) -> Bool { [.uint8, .uint16, .uint32, .uint64].contains(type) }
}
